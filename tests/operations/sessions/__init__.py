"""Tests of `tui.operations.sessions`."""
