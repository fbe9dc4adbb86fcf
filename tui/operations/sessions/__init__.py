"""Changing a session: its row, title, tags and note; acknowledging what it needs."""
