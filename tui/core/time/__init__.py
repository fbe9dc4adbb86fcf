"""Expiry, durations and time zones: pure functions, `now` is an argument."""
