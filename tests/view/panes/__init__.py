"""Tests of `tui.view.panes`."""
