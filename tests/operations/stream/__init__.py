"""Tests of `tui.operations.stream`."""
