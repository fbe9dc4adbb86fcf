"""The console's keys and panes, one literal each; what they do on the screen is in `tui.ui`."""
