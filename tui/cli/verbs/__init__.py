"""One function for each command of the command line; parsing and printing are one level up."""
