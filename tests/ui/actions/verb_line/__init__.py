"""Tests of `tui.ui.actions.verb_line`."""
