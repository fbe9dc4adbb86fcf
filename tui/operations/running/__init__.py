"""Starting, resuming, steering and holding runs."""
