"""Input that is typed on is handled in the order it came."""

from __future__ import annotations

from textual import events

from tui.ui.terminal.link import LinkApp


class _Typed(LinkApp, inherit_bindings=False):
    """Notes each key that it takes, and types two more, one of them twice as early."""

    def __init__(self) -> None:
        super().__init__(paints_cells=False)
        self.taken: list[str] = []

    def takes(self, event: events.Key | events.Paste) -> bool:
        key = event.key if isinstance(event, events.Key) else ""
        self.taken.append(key)
        more = {"a": "xy", "x": "p"}.get(key, "")
        self.type_first(events.Key(one, one) for one in more)
        return True


async def test_keys_that_are_put_back_come_before_what_was_typed_since() -> None:
    app = _Typed()
    async with app.run_test() as pilot:
        for key in "abc":
            app.post_message(events.Key(key, key))
        await pilot.pause()
        assert "".join(app.taken) == "axpybc"
