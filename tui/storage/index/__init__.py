"""The SQLite index of a root that caches what was read; safe to delete at any time."""
