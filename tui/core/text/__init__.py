"""Text and numbers made safe to show, or read as an operator types them.

No knowledge of sessions.
"""
