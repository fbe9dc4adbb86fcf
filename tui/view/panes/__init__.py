"""The lines of the list panes, the top line and the pages."""
