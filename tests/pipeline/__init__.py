"""Tests of `tui.pipeline`."""
