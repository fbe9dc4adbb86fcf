"""Tests of `tui.operations.search`."""
