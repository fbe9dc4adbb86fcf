"""The proof of what the console promises; its rooms are those of the program."""
