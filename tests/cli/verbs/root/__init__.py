"""Tests of `tui.cli.verbs.root`."""
