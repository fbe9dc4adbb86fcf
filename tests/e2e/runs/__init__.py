"""Runs from start to end, with the real CLI."""
