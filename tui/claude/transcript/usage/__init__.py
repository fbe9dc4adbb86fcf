"""The tokens of a transcript: its cost, and how full the context is."""
