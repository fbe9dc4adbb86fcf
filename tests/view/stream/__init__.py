"""Tests of `tui.view.stream`."""
