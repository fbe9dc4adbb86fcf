"""The trash on disk: manifests, moves by rename, erasure and scrubbing.

Who may delete what is decided in operations.
"""
