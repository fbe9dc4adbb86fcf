"""Makes text safe to show and parses what others wrote or typed; knows nothing of sessions."""
