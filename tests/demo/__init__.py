"""Tests of `tui.demo`."""
