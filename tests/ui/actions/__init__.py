"""Tests of `tui.ui.actions`."""
