"""Tests of `tui.claude`."""
