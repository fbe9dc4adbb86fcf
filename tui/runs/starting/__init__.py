"""Starts the process of a run, at once or ahead of its order; what it does then is in `runner`."""
