"""Every life of a session that Hypothesis generates is one that the model predicts."""

from __future__ import annotations

from tests.torture.life import live


def test_no_life_of_a_session_is_one_that_the_model_does_not_know() -> None:
    """Without the comparison in `tracking._lost`, an outdated row wins and this test finds it.

    `python -m tests.torture life` runs more and longer lives, and shrinks what it finds.
    """
    live(examples=20, steps=25, shrinks=False)
