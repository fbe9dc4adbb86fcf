"""Following, exporting and quoting the stream of one session."""
