"""Tests of `tui.runs`."""
