"""Exports a session as Markdown: front matter, then the whole conversation, piece by piece."""

from __future__ import annotations

import errno
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from tui import __version__
from tui.claude.config_dir import CONFIG_DIR, is_folder_place, is_transcript_place
from tui.claude.layout import session_of, transcript_of
from tui.claude.transcript.branches import RepeatedRecords
from tui.claude.transcript.line_reader import LineReader
from tui.claude.transcript_files.subagent_files import look_at_subagents
from tui.claude.transcript_files.transcript_facts import NO_FACTS, TranscriptFacts, read_facts
from tui.claude.transcript_files.transcript_lines import read_lines
from tui.core.errors import UnknownId
from tui.core.limits import SKETCH
from tui.core.models.entry import EntryKind
from tui.core.models.row import Status
from tui.core.models.session import Liveness, Session, State
from tui.core.text.markdown_quoting import escaped, fence, front_matter
from tui.core.text.safe_text import one_line, safe_text
from tui.core.time.zones import read_time, zone_named
from tui.core.values import dataclass
from tui.operations.cause import cause_of, unknown_transcript_words
from tui.operations.context import Context
from tui.operations.stream.conversation import Conversation, readable
from tui.operations.transcripts.branches import BranchReader
from tui.operations.transcripts.kept_results import Tell, ignore
from tui.operations.transcripts.remains import GONE
from tui.operations.trash.restore import find_trashed
from tui.safe_io.folders import is_link, read_small
from tui.storage.trash.manifest import Manifest
from tui.storage.trash.trash import read_trash

CUT = "it has very many lines: after the first ones, copies and branches are not told apart"
_COUNTED = {
    EntryKind.PROMPT: "prompts",
    EntryKind.TEXT: "answers",
    EntryKind.TOOL: "tool_calls",
    EntryKind.ERROR: "errors",
}


@dataclass(frozen=True, slots=True)
class _Source:
    """Where a session's words are: its transcript or a sketch, and its own folder.

    When the transcript `is_gone`, only the folder is left.
    """

    path: Path
    folder: Path
    is_sketch: bool = False
    is_trashed: bool = False
    is_gone: bool = False


def markdown(context: Context, session: Session, unread: Tell = ignore) -> Iterator[str]:
    """Return a session as blocks of Markdown, to be joined by empty lines.

    As of now, whole lines only, one block at a time, so that any transcript fits in memory. A
    deleted session is read in the trash; a session without any words says why. `unread` is called
    with what could not be read; a block of the export says that too.
    """
    source = _source_of(context, session)
    size = _size(source)
    yield front_matter(_facts(context, session, source, size))
    yield f"# {escaped(session.title) or session.session_id}"
    if source is None:
        why = one_line(cause_of(session, context))
        if _may_be_somewhere(context, session):
            unread(why)
        yield f"*It cannot be read: {escaped(why)}*"
    elif source.is_sketch:
        yield _sketch(source.path)
    else:
        if source.is_gone:
            yield f"*{GONE}*"
        agents, problem = look_at_subagents(source.folder)
        if problem:
            unread(problem)
            yield f"*{problem}*"
        said = Conversation(agents, source.folder, unread)
        if source.is_gone:
            yield from said.uncalled()
            yield from said.unclaimed()
            return
        found = BranchReader(source.path, is_whole=True)
        with readable(source.path):
            found.read(size)
        if found.is_cut:
            yield f"*{CUT}*"
        if found.lineage.words:
            yield f"*{escaped(found.lineage.words)}*"
        yield from said.blocks(source.path, size, found.lineage)


def _may_be_somewhere(context: Context, session: Session) -> bool:
    """Whether a session that was not found may be in a place that could not be read."""
    return bool(session.transcript_problem or read_trash(context.root, (session.folder,))[1])


def trashed_session(context: Context, words: str) -> Session:
    """Return a session that only the trash has; raises as `find_trashed` does."""
    trashed = find_trashed(context, words)
    source, row, zone = _in_trash(trashed), trashed.row, zone_named(trashed.zone)
    facts = _known(source)
    return Session(
        trashed.session_id,
        one_line(trashed.listing),
        stage=one_line(row.stage) if row else "",
        status=Status.DELETED,
        liveness=Liveness.NONE,
        state=State.GHOST if row else State.UNTRACKED,
        created_at=read_time(row.created_at, zone) if row else None,
        expires_at=read_time(row.expires_at, zone) if row else None,
        title=trashed.title or facts.title,
        model=facts.model,
        cost_usd=facts.cost_usd,
        folder=context.root / trashed.listing,
        zone=trashed.zone,
        row=row,
    )


def _known(source: _Source | None) -> TranscriptFacts:
    if source is None or source.is_sketch:
        return NO_FACTS
    try:
        return read_facts(source.path)
    except OSError:
        return NO_FACTS


def _source_of(context: Context, session: Session) -> _Source | None:
    transcript = session.transcript
    if transcript is not None:
        path = transcript.path
        return _Source(path, path.with_suffix(""), is_sketch=not transcript.resumable)
    try:
        trashed = _in_trash(find_trashed(context, session.session_id, only=session.folder))
    except UnknownId:
        trashed = None
    if trashed is None and session.remains is not None:
        folder = session.remains.path
        return _Source(transcript_of(folder), folder, is_gone=True)
    return trashed


def _in_trash(trashed: Manifest) -> _Source | None:
    """Return where the newest delete of a session moved its transcript and folder."""
    places = {place: trashed.moved(index) for index, place in enumerate(trashed.places)}
    gone: _Source | None = None
    if is_link(trashed.batch):
        return None
    for place, moved in places.items():
        if is_transcript_place(trashed.session_id, place):
            return _Source(moved, places.get(session_of(place), moved), is_trashed=True)
        if is_folder_place(trashed.session_id, place):
            gone = _Source(moved, moved, is_trashed=True, is_gone=True)
    if gone is not None:
        return gone
    sketch = places.get(f"{CONFIG_DIR}/{trashed.session_id}")
    if sketch is None or is_link(sketch):
        return None
    return _Source(sketch / "conversation.json", sketch, is_sketch=True, is_trashed=True)


def _state(session: Session, source: _Source | None) -> str:
    if source is not None and source.is_trashed:
        return "trash"
    return "unread" if unknown_transcript_words(session) else str(session.state)


def _size(source: _Source | None) -> int:
    """Return the size of the source now, in bytes; 0 when it cannot be read."""
    try:
        return source.path.lstat().st_size if source else 0
    except OSError:
        return 0


def _facts(
    context: Context, session: Session, source: _Source | None, size: int
) -> dict[str, str | int | float | None]:
    has_lines = source is not None and not (source.is_sketch or source.is_gone)
    return {
        "session": session.session_id,
        "listing": session.listing,
        "stage": session.stage or None,
        "status": session.status or None,
        "state": _state(session, source),
        "liveness": str(session.liveness),
        "title": session.title or None,
        "model": session.model or None,
        "cost_usd": session.cost_usd,
        "created_at": _iso(session.created_at),
        "expires_at": _iso(session.expires_at),
        "sweep_at": _iso(session.sweep_at),
        "last_activity_at": _iso(session.last_activity_at),
        "bytes": (session.bytes if source.is_gone else size) if source else None,
        **(_counts(source.path, size) if source is not None and has_lines else {}),
        "exported_at": _iso(context.clock()),
        "exported_by": context.settings.operator,
        "exporter": f"session-console {__version__}",
    }


def _counts(path: Path, size: int) -> dict[str, int]:
    """Count the entries; read ahead, because the counts come first.

    Raises `ConsoleError` when the transcript cannot be read.
    """
    found: Counter[str] = Counter(dict.fromkeys(_COUNTED.values(), 0))
    reader = LineReader(0, RepeatedRecords().is_copy)
    with readable(path):
        for line in read_lines(path, size=size):
            entries = reader.entries(line.raw)
            found.update(_COUNTED[one.kind] for one in entries if one.kind in _COUNTED)
        found.update(_COUNTED[one.kind] for one in reader.rest() if one.kind in _COUNTED)
    return dict(found)


def _iso(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat(timespec="seconds") if moment else None


def _sketch(path: Path) -> str:
    with readable(path):
        if is_link(path):
            raise OSError(errno.ELOOP, "a link is not followed")
        content = read_small(path, SKETCH)
    return fence(safe_text(content.decode("utf-8", "replace")), "json")
