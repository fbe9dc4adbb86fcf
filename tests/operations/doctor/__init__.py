"""Tests of `tui.operations.doctor`."""
