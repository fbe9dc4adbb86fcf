"""Tests of `tui.safe_io`."""
