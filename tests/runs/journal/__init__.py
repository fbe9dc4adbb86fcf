"""Tests of `tui.runs.journal`."""
