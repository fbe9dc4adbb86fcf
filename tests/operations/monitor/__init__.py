"""Tests of `tui.operations.monitor`."""
