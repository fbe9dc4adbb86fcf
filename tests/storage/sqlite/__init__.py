"""Tests of `tui.storage.sqlite`."""
