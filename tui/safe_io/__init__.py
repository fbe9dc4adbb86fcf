"""Safe access to files, folders, locks and processes that others could swap; not their content."""
