"""Tests of `tui.claude.transcript.usage`."""
