"""Deleting, restoring, cleaning up, purging and undoing.

The files themselves are moved by `tui.storage.trash`.
"""
