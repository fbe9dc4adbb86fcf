"""Tests of `tui.core`."""
