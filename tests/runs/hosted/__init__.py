"""Tests of `tui.runs.agent`."""
