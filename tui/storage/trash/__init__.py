"""The trash on disk: manifests, moves, erasure. What may be deleted is decided in operations."""
