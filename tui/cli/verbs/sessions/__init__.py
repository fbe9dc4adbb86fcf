"""The verbs for sessions; declared in `declarations.sessions`. What starts agents is in `runs`."""
