"""The files of a run's folder, for its runner and for every reader.

Nothing here starts or ends a process.
"""
