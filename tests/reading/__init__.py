"""Reads that fail: what cannot be read is never taken for absent."""
