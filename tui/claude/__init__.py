"""The Claude CLI's own files and formats, and the only place that knows them.

Nothing that we write for ourselves.
"""
