"""Tests of `tui.operations.catalog`."""
