"""How SQLite opens databases that others write; no statement about our tables."""
