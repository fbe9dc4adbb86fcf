"""What one transcript holds beyond its lines: branches.

Sub-agents and results kept beside it.
"""
