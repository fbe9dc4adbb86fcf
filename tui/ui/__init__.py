"""The console: Textual widgets over pure lines."""
