"""The command line: its parser, arguments and output; each command is in `verbs`."""
