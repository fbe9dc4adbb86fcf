"""What a pipeline may give its agent as a prompt."""

from __future__ import annotations

from collections.abc import AsyncIterable, Mapping
from typing import Any

OnePrompt = str | Mapping[str, Any]
"""A prompt: a string, or one of the SDK's user messages, which may have images."""

Prompts = OnePrompt | AsyncIterable[Mapping[str, Any]]
"""A prompt, or a stream of user messages, each a turn of its own."""
