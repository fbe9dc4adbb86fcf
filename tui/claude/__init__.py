"""The Claude CLI's own files and formats; no other package knows them.

Our own files are in `storage`, SDK options and messages in `runs/agent`.
"""
