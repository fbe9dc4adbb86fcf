"""What a deed on many did nothing to is counted first, then named by its cause."""

from __future__ import annotations

from tui.view.text.not_done import MARKED, not_done

IDS = tuple(f"{number:08x}-0000-4000-8000-000000000000" for number in range(40))


def test_those_of_one_cause_are_named_together_whatever_id_it_begins_with() -> None:
    why = {
        ("a", IDS[0]): f"{IDS[0][:8]} is locked",
        ("a", IDS[1]): "there is no\ntranscript",
        ("b", IDS[2]): f"{IDS[2][:8]}: is locked",
    }
    said = "3 not, left marked: 00000000, 00000002: is locked; 00000001: there is no transcript"
    assert not_done(why, MARKED) == said
    assert not_done(dict([*why.items()][:1])) == "1 not: 00000000: is locked"


def test_every_id_is_named_and_too_many_causes_are_counted() -> None:
    assert not_done({("a", one): "is locked" for one in IDS}).count(",") == 39
    said = not_done({("a", one): f"cause {one[:8]}" + "x" * 999 for one in IDS})
    assert said.endswith("; 20 more for 20 other reasons")
    assert len(said) < 20 * 220
