"""A terminal's answer confirms what was sent before the query, and nothing after it."""

from __future__ import annotations

from tui.ui.terminal.delivery import ANSWERS_WITHIN_S, DeliveryTracker


def asked(delivery: DeliveryTracker, now: float = 0.0) -> tuple[int, int]:
    """Ask, as a driver does, and return the cell that was asked for."""
    place = delivery.ask(80, 24, now).split("\x1b[")[1].rstrip("H").split(";")
    delivery.given += 1
    return int(place[0]), int(place[1])


def take_all(delivery: DeliveryTracker) -> None:
    delivery.written = delivery.taken = delivery.given


def test_an_answer_to_what_was_asked_before_a_stop_tells_nothing_of_what_came_after() -> None:
    delivery = DeliveryTracker()
    before = asked(delivery)
    take_all(delivery)
    delivery.begin_again()
    asked(delivery)
    take_all(delivery)
    delivery.answer(before, 1.0)
    assert not delivery.has(delivery.given)


def test_an_answer_that_comes_twice_tells_of_one_question() -> None:
    delivery = DeliveryTracker()
    first = asked(delivery)
    take_all(delivery)
    delivery.answer(first, 1.0)
    shown = delivery.given
    assert delivery.has(shown)
    asked(delivery)
    take_all(delivery)
    for _ in range(3):
        delivery.answer(first, 1.0)
    assert delivery.has(shown)
    assert not delivery.has(delivery.given)


def test_no_answer_tells_of_what_was_not_even_taken() -> None:
    delivery = DeliveryTracker()
    cell = asked(delivery)
    delivery.answer(cell, 1.0)
    assert not delivery.has(delivery.given)
    take_all(delivery)
    assert delivery.has(delivery.given)


def test_one_question_waits_at_a_time_and_a_silent_terminal_is_told_by_what_it_took() -> None:
    delivery = DeliveryTracker()
    asked(delivery)
    late = ANSWERS_WITHIN_S * 2
    assert delivery.is_awaited(late)  # it was not asked yet, as long as the link has the question
    take_all(delivery)
    assert delivery.is_awaited(late + ANSWERS_WITHIN_S - 1)
    assert not delivery.has(delivery.given)
    assert not delivery.is_awaited(late + ANSWERS_WITHIN_S)
    assert delivery.is_silent
    assert not delivery.has(delivery.given)  # nothing was padded until now
    cell = asked(delivery, late)
    assert not delivery.has(delivery.given)
    take_all(delivery)
    assert delivery.has(delivery.given)
    delivery.answer(cell, late)
    assert not delivery.is_silent


def test_no_cell_is_asked_for_twice_in_a_row_and_none_in_the_row_of_a_key() -> None:
    delivery = DeliveryTracker()
    cells = [asked(delivery) for _ in range(1000)]
    assert len(set(cells)) == 1000
    assert all(2 <= row <= 24 and 1 <= column <= 80 for row, column in cells)
