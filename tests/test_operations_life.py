"""Every life of a session that Hypothesis thinks of is one that the model knows.

Without the comparison in `tracking._lost` it finds an operator acting on a row that the pipeline
had changed, within a few examples; `tests.torture` lives 200 lives of 40 steps.
"""

from __future__ import annotations

from tests.torture.life import live


def test_no_life_of_a_session_is_one_that_the_model_does_not_know() -> None:
    live(examples=20, steps=25)
