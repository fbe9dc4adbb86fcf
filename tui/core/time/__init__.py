"""Expiry, durations and time zones, as pure functions of a given moment."""
