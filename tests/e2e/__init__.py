"""End-to-end tests with the real CLI, real terminals and real processes."""
