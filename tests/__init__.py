"""The proof of what the console promises."""
