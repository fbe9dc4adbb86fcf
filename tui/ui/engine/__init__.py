"""The engine: the operations as the console calls them, as a protocol and for real. No widget."""
