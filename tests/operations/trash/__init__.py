"""Tests of `tui.operations.trash`."""
