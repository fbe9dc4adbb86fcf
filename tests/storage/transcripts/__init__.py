"""Tests of `tui.storage.transcripts`."""
