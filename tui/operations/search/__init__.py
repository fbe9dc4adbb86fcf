"""Searching transcripts for text."""
