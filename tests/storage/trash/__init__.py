"""Tests of `tui.storage.trash`."""
