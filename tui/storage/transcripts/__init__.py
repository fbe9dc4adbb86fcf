"""Transcript files found below a listing, with their cached facts and costs.

Their format is in `tui.claude`.
"""
