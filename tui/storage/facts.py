"""What a transcript's head and tail say of it: title, model, cost, first stamp."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from tui.core.records import whole_records
from tui.core.text import one_line
from tui.core.transcript import command_text, prompt_text, stamp
from tui.storage.opening import regular

_HEAD = 64 * 1024
_TAIL = 64 * 1024
_NEWLINE = b"\n"
_API_ERROR = b'"isApiErrorMessage"'


@dataclass(frozen=True, slots=True)
class Facts:
    """What a transcript's head and tail say of it.

    `cost_usd` is what the CLI counted, a fork's parent's included; `origin` names the first line,
    which a fork has in common with its parent. `turn_error` is what the API said when it ended the
    last turn, empty when that went well.
    """

    title: str = ""
    model: str = ""
    cost_usd: float | None = None
    first_at: datetime | None = None
    origin: str = ""
    turn_error: str = ""


NO_FACTS = Facts()


def read_facts(path: str | os.PathLike[str]) -> Facts:
    """Return title, model, cost and first stamp from the first and last 64 KiB of a file.

    The last `cost-state` line holds the whole session's cost. Only lines that name what is looked
    for are parsed: all of them would take milliseconds a file. Raises `OSError`.
    """
    head, tail = _ends(path)
    ends = (tail, head) if tail else (head,)
    costs = (cost_of(line) for end in ends for line in _newest(end, b'"totalCostUSD"'))
    models = (_model(line) for line in _newest(ends[0], b'"model"'))
    stamps = (stamp(line) for line in _oldest(head, b'"timestamp"'))
    return Facts(
        _title(ends),
        next((model for model in models if model), ""),
        next((cost for cost in costs if cost is not None), None),
        next((moment for moment in stamps if moment), None),
        next((name for line in _oldest(head, b'"uuid"') if (name := _named(line))), ""),
        _turn_error(ends[0]),
    )


def read_cwd(path: str | os.PathLike[str]) -> str:
    """Return the folder that a session was started in, by its head; `""` when it does not say.

    Raises `OSError`.
    """
    lines = _oldest(_ends(path)[0], b'"cwd"')
    return next((cwd for line in lines if isinstance(cwd := line.get("cwd"), str) and cwd), "")


def newest_title(path: str | os.PathLike[str]) -> str:
    """Return the title that was given last in a file's last 64 KiB, `""` for none there.

    Raises `OSError`.
    """
    head, tail = _ends(path)
    return _given(_newest(tail or head, b'"customTitle"'), "customTitle")


def kept(known: Facts, fresh: Facts) -> Facts:
    """Return what a grown file says now, and what it said before where its new end is silent.

    A session's cost only grows.
    """
    costs = [cost for cost in (known.cost_usd, fresh.cost_usd) if cost is not None]
    return Facts(
        fresh.title or known.title,
        fresh.model or known.model,
        max(costs, default=None),
        fresh.first_at or known.first_at,
        fresh.origin or known.origin,
        fresh.turn_error,
    )


def _ends(path: str | os.PathLike[str]) -> tuple[bytes, bytes]:
    """Return a file's head and its tail, the tail empty when the head is all of it."""
    with regular(path) as (fd, status):
        head = os.pread(fd, _HEAD, 0)
        start = max(0, status.st_size - _TAIL)
        return head, os.pread(fd, _TAIL, start) if status.st_size > len(head) else b""


def _oldest(data: bytes, key: bytes) -> Iterator[dict[str, Any]]:
    """Return the lines that hold `key` and can be read, the first ones first."""
    at = data.find(key)
    while at >= 0:
        start, stop = _line_around(data, at)
        yield from whole_records(data[start:stop])
        at = data.find(key, stop)


def _newest(data: bytes, key: bytes) -> Iterator[dict[str, Any]]:
    """Return the lines that hold `key` and can be read, the last ones first."""
    at = data.rfind(key)
    while at >= 0:
        start, stop = _line_around(data, at)
        yield from reversed(whole_records(data[start:stop]))
        at = data.rfind(key, 0, start)


def _line_around(data: bytes, at: int) -> tuple[int, int]:
    stop = data.find(_NEWLINE, at)
    return data.rfind(_NEWLINE, 0, at) + 1, stop if stop >= 0 else len(data)


def _title(ends: tuple[bytes, ...]) -> str:
    """Return the custom title, else the CLI's, else the first prompt or command."""
    for name in ("customTitle", "aiTitle"):
        lines = (line for end in ends for line in _newest(end, f'"{name}"'.encode()))
        if given := _given(lines, name):
            return given
    for words_of in (prompt_text, command_text):
        said = (words_of(line) for line in _oldest(ends[-1], b'"user"'))
        if title := next((one_line(text[:400])[:200] for text in said if text), ""):
            return title
    return ""


def _turn_error(data: bytes) -> str:
    """Return what the API said if it ended the last turn; all turns after it make up for it."""
    if _API_ERROR not in data:
        return ""
    said = (
        line
        for line in _newest(data, b'"message"')
        if line.get("type") in ("user", "assistant")
        and not (line.get("isSidechain") or line.get("isMeta"))
    )
    last = next(said, {})
    if last.get("isApiErrorMessage") is not True:
        return ""
    texts = _said_texts(last)
    return next((one_line(text[:2000])[:400] for text in texts if text.strip()), "API error")


def _said_texts(line: Mapping[str, Any]) -> Iterator[str]:
    message = line.get("message")
    content = message.get("content") if isinstance(message, dict) else None
    for block in content if isinstance(content, list) else [{"text": content}]:
        text = block.get("text") if isinstance(block, dict) else None
        if isinstance(text, str):
            yield text


def _given(lines: Iterable[dict[str, Any]], name: str) -> str:
    given = (line[name] for line in lines if isinstance(line.get(name), str) and line[name])
    return next((one_line(title[:400])[:200] for title in given), "")


def _model(line: dict[str, Any]) -> str:
    message = line.get("message")
    model = message.get("model") if isinstance(message, dict) else None
    return one_line(model)[:60] if isinstance(model, str) and model != "<synthetic>" else ""


def _named(line: dict[str, Any]) -> str:
    uuid, at = line.get("uuid"), line.get("timestamp")
    if not isinstance(uuid, str) or not isinstance(at, str) or not uuid:
        return ""
    return sha256(f"{uuid} {at}".encode("utf-8", "surrogatepass")).hexdigest()[:16]


def cost_of(line: Mapping[str, Any]) -> float | None:
    """Return what a line says that all has cost so far, `None` for one that does not."""
    cost = line.get("totalCostUSD")
    if line.get("type") != "cost-state" or isinstance(cost, bool):
        return None
    return float(cost) if isinstance(cost, int | float) and 0 <= cost < 1e9 else None
