"""The doctor: one module for each family of findings, and the repairs."""
