"""Tests of `tui.core.time`."""
