"""Makes text safe to show and parses what operators type; knows nothing of sessions."""
