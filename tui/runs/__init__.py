"""A run: one process that drives an agent. How operators start and steer runs is in operations."""
