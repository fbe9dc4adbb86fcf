"""The SHA-256 of some bytes, without the OpenSSL that `hashlib` loads first: for short inputs."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

_HOMES = ("_sha2", "_sha256", "hashlib")  # of Python's own, by version; `random` does likewise


def sha256_hex(data: bytes) -> str:
    """Return the digest in hexadecimal digits."""
    digits: str = _sha256()(data).hexdigest()
    return digits


@cache
def _sha256() -> Any:
    for home in _HOMES[:-1]:
        try:
            return import_module(home).sha256
        except ImportError:
            continue
    return import_module(_HOMES[-1]).sha256
