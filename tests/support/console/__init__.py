"""The console over a fixed catalog, and the harness that tests use."""
