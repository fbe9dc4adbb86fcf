"""Tests of `tui.core.console`."""
