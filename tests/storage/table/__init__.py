"""Tests of `tui.storage.table`."""
