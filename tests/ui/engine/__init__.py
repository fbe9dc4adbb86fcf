"""Tests of `tui.ui.engine`."""
