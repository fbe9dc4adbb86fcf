"""Tests of `tui.storage.state`."""
