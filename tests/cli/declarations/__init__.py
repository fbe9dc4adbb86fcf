"""Tests of `tui.cli.declarations`."""
