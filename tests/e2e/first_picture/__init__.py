"""The picture that a console begins with, in real terminals and processes."""
