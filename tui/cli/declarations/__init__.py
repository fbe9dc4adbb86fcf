"""Each verb of the command line, declared once; parser, console, completion and README read it."""
