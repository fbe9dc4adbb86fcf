"""A run inside a pipeline's own process: its life, its messages, and how it is left."""
