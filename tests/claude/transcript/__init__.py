"""Tests of `tui.claude.transcript`."""
