"""Tests of `tui.ui.background`."""
