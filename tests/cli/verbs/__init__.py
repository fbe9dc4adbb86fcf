"""Tests of `tui.cli.verbs`."""
