"""Every life of a session that Hypothesis thinks of is one that the model knows."""

from __future__ import annotations

from tests.torture.life import live


def test_no_life_of_a_session_is_one_that_the_model_does_not_know() -> None:
    """Without the comparison in `tracking._lost` an operator's old picture wins, and it is found.

    `python -m tests.torture life` lives more and longer, and shrinks what it finds.
    """
    live(examples=20, steps=25, shrinks=False)
