"""Opens SQLite databases that others write, safely; no statement about our tables."""
