"""Runs: one detached process that drives an agent.

How operators ask for one is in operations.
"""
