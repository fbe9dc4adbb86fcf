"""Tests of `tui.core.text`."""
