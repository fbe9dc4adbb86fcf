"""The verbs for a whole root, and for this program; declared in `declarations.root`."""
