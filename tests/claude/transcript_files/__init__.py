"""Tests of `tui.claude.transcript_files`."""
