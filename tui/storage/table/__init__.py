"""The tables of a listing's database: every SQL statement.

The audit, and compare-and-set writes.
"""
