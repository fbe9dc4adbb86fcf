"""The Textual widgets, each drawing lines from `tui.view`; they act on nothing."""
