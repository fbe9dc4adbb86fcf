"""Tests of `tui.operations.running`."""
