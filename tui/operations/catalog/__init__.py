"""Scanning a root: listings, sessions and their changes, joined into a catalog.

Nothing is written.
"""
