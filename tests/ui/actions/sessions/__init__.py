"""Tests of `tui.ui.actions.sessions`."""
