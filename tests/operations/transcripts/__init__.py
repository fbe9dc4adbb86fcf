"""Tests of `tui.operations.transcripts`."""
