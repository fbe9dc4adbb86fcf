"""Reads the files of a transcript: lines, pages, tail, facts, sub-agents, kept results."""
