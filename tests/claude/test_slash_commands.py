"""Which prompts would leave their session, and which make room in it."""

from __future__ import annotations

import pytest

from tui.claude.slash_commands import compacts, require_same_session
from tui.core.errors import UsageError


@pytest.mark.parametrize("prompt", ["/clear", " /new", "/reset now", "/exit\nplease", "/resume\t"])
def test_a_prompt_that_would_leave_its_session_is_held_back(prompt: str) -> None:
    with pytest.raises(UsageError, match=f"{prompt.split()[0]} is not sent"):
        require_same_session(prompt)


@pytest.mark.parametrize("prompt", ["", "/cleaned up", "clear /clear", "/context", "/Clear"])
def test_any_other_prompt_is_not(prompt: str) -> None:
    require_same_session(prompt)


def test_what_makes_room_begins_with_the_whole_word() -> None:
    assert [compacts(one) for one in ("/compact", " /compact\nkeep", "/compacted")] == [1, 1, 0]
