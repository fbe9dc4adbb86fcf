"""Pure rules on sessions: the listing they are joined into, state, filter, attention."""
