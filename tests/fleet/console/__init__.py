"""Tests of `tui.fleet.console`."""
