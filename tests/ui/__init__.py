"""Tests of `tui.ui`."""
