"""Tests of `tui.ui.terminal`."""
