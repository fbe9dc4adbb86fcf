"""A transcript line to entries of the stream: total, it never raises.

The lines are internal to the CLI and change from version to version: whatever a line holds, the
answer is entries that are safe to show, a dim notice at worst.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from tui.claude.transcript import attached_files
from tui.claude.transcript.background_tasks import is_launch, kept_file, started_task
from tui.claude.transcript.notices import (
    attached_notice,
    failed_servers,
    refusal,
    servers_notice,
    stop_hook_notice,
)
from tui.claude.transcript.records import SkippedPiece, records_of
from tui.claude.transcript.speaker import command_of, said_in
from tui.claude.transcript.tool_results import flat, outcome_owner, summary
from tui.core.models.entry import Entry, EntryKind, Usage
from tui.core.text.safe_text import one_line, safe_text
from tui.core.time.zones import read_time
from tui.core.values import dataclass, replace

MAX_TEXT = 100_000
SYNTHETIC = "<synthetic>"
INTERRUPTED = "[Request interrupted by user"  # what the CLI writes as if it were a prompt
_READ = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
_ODD = (TypeError, ValueError, AttributeError, KeyError, IndexError, RecursionError)
_HEADLINES = (
    "command", "query", "file_path", "url", "pattern", "path", "description", "prompt", "skill",
    "question", "title",
)  # fmt: skip
_BOOKKEEPING = frozenset(
    """
    agent-color agent-name ai-title artifact-autoreact-ledger atis-latch
    attribution-snapshot bridge-session content-replacement cost-state custom-title
    data-flow-incomplete data-flow-records derived-from file-history-delta file-history-snapshot
    frame-link interactive-mark isolation-latch last-prompt line-withheld memory-mode mode
    observer-ref permission-mode pr-link progress prompt_snapshot queue-operation relocated
    repl-mode resume-head-vouch session-owner speculation-accept summary tag task-summary
    tools-used unattended-consent worktree-state
    """.split()  # noqa: SIM905 (a list literal of so many words is a page)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """What all entries of one line share."""

    at: datetime | None
    uuid: str
    message_id: str
    is_sidechain: bool
    max_text: int
    place: int = -1
    model: str = ""
    usage: Usage | None = None

    def entry(self, kind: EntryKind, text: object, **more: Any) -> Entry:
        return Entry(
            kind,
            self.shown(text),
            at=self.at,
            uuid=self.uuid,
            message_id=self.message_id,
            is_sidechain=self.is_sidechain,
            place=self.place,
            model=self.model,
            usage=self.usage,
            **more,
        )

    def shown(self, text: object) -> str:
        raw = text if isinstance(text, str) else str(text)
        if len(raw) <= self.max_text:
            return safe_text(raw)
        return f"{safe_text(raw[: self.max_text])}\n[{len(raw) - self.max_text} more characters]"


def parse_line(raw: bytes, max_text: int = MAX_TEXT, place: int = -1) -> tuple[Entry, ...]:
    """Return the entries of one line (without its newline) at offset `place`.

    A text longer than `max_text` characters is cut there, and says so.
    """
    entries: list[Entry] = []
    for one in records_of(raw):
        if isinstance(one, SkippedPiece):
            entries.append(unreadable(one.size, place))
        else:
            entries += entries_of(one, max_text, place)
    return tuple(entries)


def unreadable(size: int, place: int) -> Entry:
    """Return the notice for a line of `size` bytes that is skipped."""
    text = f"a line of {size} bytes that cannot be read"
    return Entry(EntryKind.NOTICE, text, place=place, left_out="that cannot be read")


def entries_of(line: dict[str, Any], max_text: int, place: int) -> tuple[Entry, ...]:
    """Return the entries of a line's JSON object at offset `place`."""
    try:
        return tuple(_entries(line, max_text, place))
    except _ODD:
        form = "of an unknown form"
        return (Entry(EntryKind.NOTICE, f"a line {form}", place=place, left_out=form),)


def begins_turn(entry: Entry) -> bool:
    """Whether an entry is a prompt, or a command given instead of one."""
    is_command = entry.kind is EntryKind.NOTICE and entry.text.startswith("/")
    return entry.kind is EntryKind.PROMPT or is_command


def notice_of(line: Mapping[str, Any], text: str, max_text: int, place: int) -> Entry:
    """Return a notice with the offset and time of a line."""
    common = _Line(
        at=stamp(line),
        uuid=one_line(line.get("uuid") or ""),
        message_id="",
        is_sidechain=False,
        max_text=max_text,
        place=place,
    )
    return common.entry(EntryKind.NOTICE, text)


def prompts_of(line: Mapping[str, Any]) -> Iterator[str]:
    """Return the texts that a line gives to the agent in the user's name."""
    attached = line.get("attachment")
    if isinstance(attached, dict) and attached.get("type") == "queued_command":
        yield from _said_texts({"type": "user", "message": {"content": attached.get("prompt")}})
    yield from _said_texts(line)


def is_api_error(line: Mapping[str, Any]) -> bool:
    """Whether a line is the API's error that ended the turn, written as the agent's."""
    message = line.get("message")
    model = message.get("model") if isinstance(message, dict) else None
    said = isinstance(line.get("error"), str) and bool(line.get("error"))
    return bool(line.get("isApiErrorMessage")) or (said and model == SYNTHETIC)


def stamp(line: Mapping[str, Any]) -> datetime | None:
    """Return the line's `timestamp` in UTC, or `None`."""
    return read_time(line.get("timestamp"), UTC)


def prompt_text(line: Mapping[str, Any]) -> str:
    """Return the first words of a `user` line that a person or a program wrote; empty if none."""
    said = (one for text in _said_texts(line) for one in said_in(text, line))
    words = (one.text for one in said if one.is_person)
    return next((one for one in words if one.strip() and not one.startswith(INTERRUPTED)), "")


def command_text(line: Mapping[str, Any]) -> str:
    """Return the command that a `user` line stands for, as it was typed; empty if none."""
    return next(filter(None, map(command_of, _said_texts(line))), "")


def _said_texts(line: Mapping[str, Any]) -> Iterator[str]:
    """Return the texts of a `user` line, but no summary of a compaction."""
    message = line.get("message")
    if line.get("type") != "user" or line.get("isCompactSummary") or not isinstance(message, dict):
        return
    content = message.get("content")
    for block in _blocks(content):
        text = block.get("text") if isinstance(block, dict) else None
        if isinstance(text, str) and block.get("type") == "text":
            yield text


def headline(tool_input: object) -> str:
    """Return one line about a tool call: its command, query, path ..."""
    if not isinstance(tool_input, dict):
        return ""
    value = next((tool_input[name] for name in _HEADLINES if tool_input.get(name)), None)
    if value is None:
        value = next((v for v in tool_input.values() if isinstance(v, str) and v), "")
    return one_line(str(value)[:2000])[:400]


def _entries(line: dict[str, Any], max_text: int, place: int) -> Iterator[Entry]:
    kind = line.get("type")
    given = line.get("message")
    message = given if isinstance(given, dict) else {"content": given} if given else {}
    common = _Line(
        at=stamp(line),
        uuid=one_line(line.get("uuid") or ""),
        message_id=one_line(message.get("id") or ""),
        is_sidechain=bool(line.get("isSidechain")),
        max_text=max_text,
        place=place,
        model=one_line(message.get("model") or "")[:60] if kind == "assistant" else "",
        usage=usage_of(message.get("usage")) if kind == "assistant" else None,
    )
    if kind in ("user", "assistant"):
        yield from _message(kind, line, message, common)
    elif kind == "system":
        yield from _system(line, common)
    elif kind == "attachment":
        yield from _attachment(line, common)
    elif not (kind in _BOOKKEEPING or str(kind).startswith("api-request")):
        form = f"of the unknown type {one_line(kind)[:60]!r}"
        yield common.entry(EntryKind.NOTICE, f"a line {form}", left_out=form)


def usage_of(given: object) -> Usage | None:
    """Return the tokens that a message read and wrote, `None` if it does not say."""
    if not isinstance(given, dict):
        return None
    read = sum(tokens(given.get(name)) for name in _READ)
    return Usage(read, tokens(given.get("output_tokens")))


def left_after(compacted: object) -> Usage:
    """Return the tokens left after a compaction, 0 if it does not say."""
    return Usage(tokens(compacted.get("postTokens")) if isinstance(compacted, dict) else 0)


def tokens(value: object) -> int:
    """Return a number of tokens, 0 for anything else."""
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 40
    return value if is_count and isinstance(value, int) else 0


def _message(
    kind: str, line: dict[str, Any], message: dict[str, Any], common: _Line
) -> Iterator[Entry]:
    blocks = _blocks(message.get("content"))
    if kind == "user":
        yield from _user(blocks, line, common)
        return
    is_error = is_api_error(line)
    yield from _each(blocks, lambda block, _: _answered(block, common, is_error=is_error), common)


def _each(
    blocks: list[Any], read: Callable[[dict[str, Any], int], Iterator[Entry]], common: _Line
) -> Iterator[Entry]:
    """Return the entries of each block; an invalid block does not lose the others."""
    for at, block in enumerate(blocks):
        try:
            found = tuple(read(block, at)) if isinstance(block, dict) else ()
        except _ODD:
            form = "of an unknown form"
            found = (common.entry(EntryKind.NOTICE, f"a part of a line {form}", left_out=form),)
        yield from found


def _answered(block: dict[str, Any], common: _Line, *, is_error: bool) -> Iterator[Entry]:
    kind = block.get("type")
    if str(kind).endswith("_tool_result"):
        yield _result(block, None, common)
    elif is_error:
        yield common.entry(EntryKind.ERROR, block.get("text") or "API error", is_error=True)
    elif reader := _ASSISTANT.get(kind):
        yield from reader(block, common)


def _blocks(content: object) -> list[Any]:
    return content if isinstance(content, list) else [{"type": "text", "text": content or ""}]


def _attachment(line: dict[str, Any], common: _Line) -> Iterator[Entry]:
    """Yield the entries of an attachment, which a prompt sent during a turn is."""
    attached = line.get("attachment")
    if not isinstance(attached, dict):
        return
    if attached.get("type") == "queued_command":
        said_by = {"isMeta": line.get("isMeta"), "origin": line.get("origin")}
        said_by |= {name: value for name, value in attached.items() if value}
        yield from _user(_blocks(attached.get("prompt")), said_by, common)
    elif servers := failed_servers(attached.get("failedMcpServers")):
        yield common.entry(EntryKind.NOTICE, servers, names_failed_servers=True)
    elif words := attached_notice(attached):
        yield common.entry(EntryKind.NOTICE, words)


def _user(blocks: list[Any], line: Mapping[str, Any], common: _Line) -> Iterator[Entry]:
    outcome = line.get("toolUseResult")
    owner = outcome_owner(blocks, outcome)

    def read(block: dict[str, Any], at: int) -> Iterator[Entry]:
        if block.get("type") == "tool_result":
            yield _result(block, outcome if at == owner else None, common)
        elif line.get("isCompactSummary"):
            words = "the conversation so far was compacted to a summary"
            whole = common.shown(f"{words}:\n{block.get('text') or ''}")
            yield common.entry(EntryKind.NOTICE, words, detail=whole)
        elif block.get("type") == "text" and block.get("text"):
            yield from _said(block["text"], line, common)
        elif block.get("type") in attached_files.KINDS and not line.get("isMeta"):
            yield common.entry(EntryKind.PROMPT, attached_files.file_words(block))

    yield from _each(blocks, read, common)


def _said(text: object, line: Mapping[str, Any], common: _Line) -> Iterator[Entry]:
    for one in said_in(str(text), line):
        if one.is_person:
            yield common.entry(EntryKind.PROMPT, one.text)
        else:
            detail = common.shown(one.whole) if one.whole != one.text else ""
            call, how = one.ended
            yield common.entry(EntryKind.NOTICE, one.text, detail=detail, tool_id=call, task=how)


def _text(block: dict[str, Any], common: _Line) -> Iterator[Entry]:
    if block.get("text"):
        yield common.entry(EntryKind.TEXT, block["text"])


def _thinking(block: dict[str, Any], common: _Line) -> Iterator[Entry]:
    """Yield a thought; a redacted one has only a signature and nothing to show."""
    if (words := block.get("thinking")) and str(words).strip():
        yield common.entry(EntryKind.THINKING, words)


def _tool(block: dict[str, Any], common: _Line) -> Iterator[Entry]:
    tool_input = block.get("input")
    yield common.entry(
        EntryKind.TOOL,
        headline(tool_input),
        tool=one_line(block.get("name") or "tool")[:60],
        tool_id=one_line(block.get("id") or ""),
        detail=common.shown(json.dumps(tool_input, indent=1, ensure_ascii=False)),
    )


_ASSISTANT: Mapping[Any, Callable[[dict[str, Any], _Line], Iterator[Entry]]] = {
    "text": _text,
    "thinking": _thinking,
    "redacted_thinking": _thinking,
    "tool_use": _tool,
    "server_tool_use": _tool,
    "mcp_tool_use": _tool,
}


def _result(block: dict[str, Any], outcome: object, common: _Line) -> Entry:
    content = flat(block.get("content"))
    is_error = bool(block.get("is_error"))
    return common.entry(
        EntryKind.RESULT,
        one_line(content[:2000])[:400] if is_error else summary(content, outcome),
        tool_id=one_line(block.get("tool_use_id") or ""),
        detail=common.shown(content),
        is_error=is_error,
        task=started_task(outcome),
        is_launch=is_launch(content, outcome),
        kept=kept_file(block.get("content")),
    )


def _system(line: dict[str, Any], common: _Line) -> Iterator[Entry]:
    subtype = str(line.get("subtype") or "")
    if subtype == "api_error":
        error = line.get("error")
        said = error.get("formatted") or error.get("message") if isinstance(error, dict) else error
        retry = line.get("retryAttempt")
        suffix = f" (attempt {one_line(retry)})" if retry else ""
        text = f"API error: {one_line(said or 'unknown')[:400]}{suffix}"
        yield common.entry(EntryKind.ERROR, text, is_error=True)
    elif subtype == "compact_boundary":
        common = replace(common, usage=left_after(line.get("compactMetadata")))
        yield common.entry(EntryKind.NOTICE, "compacted: older turns are a summary from here on")
    elif words := stop_hook_notice(line):
        yield common.entry(EntryKind.NOTICE, words)
    elif servers := servers_notice(line):
        yield common.entry(EntryKind.NOTICE, servers, names_failed_servers=True)
    elif words := refusal(line):
        yield common.entry(EntryKind.ERROR, words, is_error=True)
    elif isinstance(line.get("content"), str) and not line.get("isMeta"):
        for one in said_in(line["content"], {}) if line["content"].strip() else ():
            words, whole = one_line(one.text[:2000])[:400], one.whole or one.text
            detail = common.shown(whole) if whole != words else ""
            call, how = one.ended
            yield common.entry(EntryKind.NOTICE, words, detail=detail, tool_id=call, task=how)
