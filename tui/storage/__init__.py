"""What we keep on disk for listings and roots.

The Claude CLI's own files are in `tui.claude`.
"""
