"""Looks into the audit for who answered the request of an open question."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial

from tui.core.errors import ConsoleError
from tui.core.models.permission_request import PermissionRequest
from tui.core.models.session import Session
from tui.ui.engine.engine import Engine
from tui.ui.threads import in_background
from tui.ui.widgets.prompt import PromptBar
from tui.view.text.sent_commands import audited_answer


class AnswerSearch:
    """One search at a time, beside the question, which says in `gone` what was found."""

    def __init__(self, engine: Engine, question: PromptBar) -> None:
        self._engine = engine
        self._question = question
        self._task: asyncio.Task[None] | None = None
        self._sought = ""

    def begin(self, request: PermissionRequest, session: Session) -> None:
        """Look for the answer, unless that is being done."""
        self._sought = request.request_id
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._say(request, session))

    def end(self) -> None:
        """Say nothing any more of what is still looked for."""
        self._sought = ""

    async def _say(self, request: PermissionRequest, session: Session) -> None:
        look = partial(self._engine.answer_to, session, request.request_id)
        with suppress(ConsoleError, OSError):
            found = await in_background(look)
            if found is not None and self._sought == request.request_id and self._question.gone:
                self._question.gone = audited_answer(found, self._engine.zone)
                self._question.redraw()
