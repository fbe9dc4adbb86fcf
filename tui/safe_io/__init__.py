"""Files, folders, locks and processes of this machine, reached so that nobody can swap them.

Nothing about what is in them.
"""
