"""What may be a listing's name in a path: names come from files that others write."""

from __future__ import annotations


def is_listing_id(name: str) -> bool:
    """Whether `name` can be a listing's folder: one plain path component, not hidden."""
    return name not in ("", ".", "..") and not name.startswith(".") and not set(name) & set("/\0")
