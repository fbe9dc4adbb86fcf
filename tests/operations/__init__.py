"""Tests of `tui.operations`."""
