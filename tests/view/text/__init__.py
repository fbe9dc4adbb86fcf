"""Tests of `tui.view.text`."""
