"""What goes wrong for a pipeline, with the real CLI or what stands in its place."""
