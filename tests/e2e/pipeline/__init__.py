"""Pipelines and their queries from start to end, with the real CLI."""
