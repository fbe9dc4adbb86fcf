"""The console over a fixed catalog, and what tests ask of it."""
