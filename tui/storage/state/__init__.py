"""Our small state files, below a root or in an operator's home; one module for each."""
