"""Tests of `tui.core.sessions`."""
