"""Frozen values and pure functions that every layer shares; no I/O and no clock."""
