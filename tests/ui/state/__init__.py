"""Tests of `tui.ui.state`."""
