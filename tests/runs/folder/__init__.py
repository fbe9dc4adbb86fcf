"""Tests of `tui.runs.folder`."""
