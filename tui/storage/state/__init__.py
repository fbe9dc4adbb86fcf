"""Small state files of ours below a root or in an operator's home; one module for each."""
