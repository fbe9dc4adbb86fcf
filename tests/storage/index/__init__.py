"""Tests of `tui.storage.index`."""
