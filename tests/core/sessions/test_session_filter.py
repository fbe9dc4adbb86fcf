"""What a filter takes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tui.core.errors import UsageError
from tui.core.models.annotation import Annotation, Note, Tag
from tui.core.models.audit import AuditEvent
from tui.core.models.run import Run
from tui.core.models.session import Acknowledgement, Liveness, Session, State, Transcript
from tui.core.sessions.attention import Need, mark_of
from tui.core.sessions.session_filter import MOST_CHARACTERS, MOST_WORDS, names_gone, parse_filter

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
RUN = Run(
    run_id="1",
    session_id="busy",
    listing="hollis_park",
    folder=Path("run"),
    state="busy",
    operator="ben",
    started_at=NOW,
    beat_at=NOW,
)


def session(name: str, status: str = "active", hours: float | None = 48, **more: object) -> Session:
    facts: dict[str, object] = {"liveness": Liveness.NONE, "state": State.OK, "stage": "stage_3"}
    ends = None if hours is None else NOW + timedelta(hours=hours)
    return Session(name, "hollis_park", status=status, expires_at=ends, **(facts | more))  # type: ignore[arg-type]


SESSIONS = (
    session(
        "plain",
        title="Strategic buyers, PUMPS",
        model="claude-sonnet-4-5",
        cost_usd=5.01,
        bytes=2000,
        last_activity_at=NOW - timedelta(minutes=59),
        last_event=AuditEvent(at=NOW, action="extend", operator="Anna"),
    ),
    session(
        "busy",
        liveness=Liveness.BUSY,
        hours=2,
        bytes=20_000_000,
        run=RUN,
        last_event=AuditEvent(at=NOW, action="rename", operator="anna@laptop"),
    ),
    session("unknown", liveness=Liveness.UNKNOWN, stage="2"),
    session(
        "broken",
        "failed",
        stage="stage-4",
        cost_usd=0.5,
        last_activity_at=NOW - timedelta(hours=2),
    ),
    session("over", "expired", hours=-5, state=State.LEFTOVER),
    session("swept", sweep_at=NOW + timedelta(hours=1)),
    session("dateless", hours=None, state=State.GHOST),
    session("gone", "deleted"),
)
TAGS = (Tag(name="urgent", by="anna", at=NOW), Tag(name="waiting-for-client", by="anna", at=NOW))
NOTE = Note(content="Call Halvorsen on Monday", by="bert", at=NOW)
OWN = Transcript("own", place="x", bytes=1, modified_at=NOW, tag="Client Call")
FAILED = session("late", "failed")
SNOOZE = Acknowledgement("anna", NOW, mark_of(FAILED, Need.FAILED), NOW + timedelta(hours=1))
ANNOTATED = (
    session("plain"),
    session("tagged", annotation=Annotation(tags=TAGS)),
    session("noted", annotation=Annotation(note=NOTE)),
    session("own", transcript=OWN),
    replace(FAILED, ack=SNOOZE),
)


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("tag:urgent", "tagged"),
        ("tag:URGENT tag:waiting-for-client", "tagged"),
        ("tag:urg", ""),
        ("tagged", "tagged own"),
        ("!tag:urgent", "plain noted own late"),
        ("tag:client-call", "own"),
        ("client", "tagged own"),
        ("note:halvorsen", "noted"),
        ("noted", "noted"),
        ("!noted", "plain tagged own late"),
        ("halvorsen monday", "noted"),
        ("snoozed", "late"),
        ("failed !snoozed", ""),
    ],
)
def test_what_operators_wrote_is_found(text: str, taken: str) -> None:
    is_taken = parse_filter(text)
    assert [one.session_id for one in ANNOTATED if is_taken(one, NOW)] == taken.split()


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("failed 401", "refused"),
        ("X-API-KEY", "refused"),
        ("!x-api-key", "long"),
        ("far-behind", ""),
    ],
)
def test_a_word_is_looked_for_in_why_it_failed_not_endlessly(text: str, taken: str) -> None:
    failures = (
        session("refused", "failed", reason="401 invalid x-api-key"),
        session("long", "failed", reason="x" * 10_000 + "far-behind"),
    )
    is_taken = parse_filter(text)
    assert [one.session_id for one in failures if is_taken(one, NOW)] == taken.split()


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("", "plain busy unknown broken over swept dateless gone"),
        ("pumps", "plain"),
        ("PUMPS buyers", "plain"),
        ("pumps busy", ""),
        ("live", "busy"),
        ("unknown", "unknown"),
        ("!live active", "plain unknown swept dateless"),
        ("failed", "broken"),
        ("deleted", "gone"),
        ("leftover", "over"),
        ("ghost", "dateless"),
        ("swept", "swept"),
        ("stage:2", "unknown"),
        ("stage:4", "broken"),
        ("stage:stage_3 !swept", "plain busy over dateless gone"),
        ("model:sonnet", "plain"),
        ("id:dat", "dateless"),
        ("listing:hollis failed", "broken"),
        ("<24h", "busy swept"),
        (">24h", "plain unknown broken"),
        ("!<24h !>24h", "over dateless gone"),
        ("!!live", "busy"),
        ("busy or broken", "busy broken"),
        ("stage:2 or <24h !live or pumps", "plain unknown swept"),
        ("BUSY OR BROKEN", "busy broken"),
        ("ends<24h", "busy swept"),
        ("cost>5", "plain"),
        ("cost<$1", "broken"),
        ("cost<.75", "broken"),
        ("!cost>5 !cost<1", "busy unknown over swept dateless gone"),
        ("size>10M", "busy"),
        ("size<10M", "plain"),
        ("quiet>1h", "broken"),
        ("quiet<1h", "plain busy"),
        ("by:anna", "plain busy"),
        ("by:ben", "busy"),
        ("attention", "broken swept dateless"),
        ("12:30", ""),
        ("pumps: or re:", ""),
    ],
)
def test_a_filter_takes_what_all_its_words_take(text: str, taken: str) -> None:
    takes = parse_filter(text)
    assert [one.session_id for one in SESSIONS if takes(one, NOW)] == taken.split()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("<soon", "'soon' is not a duration: use days like 7"),
        ("!<x", "'x' is not a duration"),
        ("pumps >y", "'y' is not a duration"),
        ("<", "`ends<` needs an amount: <24h"),
        ("cost>", "`cost>` needs an amount: cost>5"),
        ("cost>five", "'five' is not an amount of dollars: use 5 or 0.50"),
        ("cost>1e9", "not an amount of dollars"),
        ("size>big", "'big' is not a size"),
        ("quiet<?", "'?' is not a duration"),
        ("cots>5", "`cots` cannot be compared: use cost, size, quiet, ends"),
        ("stage>3", "`stage` cannot be compared"),
        ("cost:5", "`cost` is compared with < or >: cost>5"),
        ("modle:opus", "no field is called `modle`: did you mean `model:`?"),
        ("model:", "`model:` needs a value: model:opus"),
        ("!", "`!` stands before a word: !live"),
        ("or", "`or` stands between two words"),
        ("live or", "`or` stands between two words"),
        ("or live", "`or` stands between two words"),
        ("live or or failed", "`or` stands between two words"),
        ("x" * (MOST_CHARACTERS + 1), f"at most {MOST_CHARACTERS} characters"),
        ("x " * (MOST_WORDS + 1), f"at most {MOST_WORDS} words"),
    ],
)
def test_an_error_names_what_is_wrong_and_what_is_right(text: str, says: str) -> None:
    with pytest.raises(UsageError) as error:
        parse_filter(text)
    assert says in str(error.value)


def test_a_filter_of_the_longest_kind_is_taken() -> None:
    assert not parse_filter("!" * (MOST_CHARACTERS - 5) + "plain")(SESSIONS[0], NOW)
    assert parse_filter(" or ".join(["plain"] * (MOST_WORDS // 2)))(SESSIONS[0], NOW)


@pytest.mark.parametrize(
    ("text", "asks"),
    [("", False), ("pumps", False), ("deleted", True), ("x EXPIRED", False), ("cleaned", True)],
)
def test_rows_of_which_nothing_is_left_are_shown_when_named(text: str, asks: bool) -> None:
    assert names_gone(text) is asks


def test_what_lives_on_a_host_is_found() -> None:
    everything = (session("here"), session("there", host="b"), session("far", host="berta-2"))
    for text, taken in (("host:b", "there far"), ("host:berta", "far"), ("!host:b", "here")):
        is_taken = parse_filter(text)
        assert [one.session_id for one in everything if is_taken(one, NOW)] == taken.split()
