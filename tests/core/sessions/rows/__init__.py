"""Rows that hold still, and those that finished unseen."""
