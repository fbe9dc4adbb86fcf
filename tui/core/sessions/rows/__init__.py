"""Rows of sessions: those that hold still, and what finished unseen, as one row when it is much."""
