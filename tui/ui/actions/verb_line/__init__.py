"""The `:` line: its words, its flows, and the verbs of the command line as pages. No key."""
