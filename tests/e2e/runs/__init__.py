"""Runs, queries and pipelines from start to end, with the real CLI."""
