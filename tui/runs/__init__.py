"""Runs: one detached process that drives an agent, and the folder that it keeps."""
