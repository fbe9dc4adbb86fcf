"""The configured keys, including those of verbs and own commands, as Textual bindings."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence

from textual.binding import Binding, BindingType
from textual.keys import _character_to_key

from tui.core.console.disabled_reason import no_transcript, nothing
from tui.core.console.key_action import KeyAction, Reach
from tui.core.console.key_table import KEY_ACTIONS
from tui.core.console.keymap import Keymap
from tui.core.console.named_view import KEY_PREFIX
from tui.core.console.own_command import HANDLER, OwnCommand
from tui.operations.context import VerbInfo
from tui.ui.actions.key_targets import KeyTargets
from tui.ui.actions.verb_line.verbs import OWN

_FIRST, _LAST = 2, 18


def key_actions(keys: Keymap, verbs: Sequence[VerbInfo]) -> tuple[KeyAction, ...]:
    """Return what the keys do.

    A verb's key types it at the `:` line, a view's shows it, a command's runs it.
    """
    named = {verb.name: verb for verb in (*verbs, *OWN)}
    spoken = tuple(_spoken(named[name]) for name in keys.verbs if name in named)
    return (*KEY_ACTIONS, *spoken, *map(_shown, keys.views), *map(_own, keys.commands))


def _spoken(verb: VerbInfo) -> KeyAction:
    return KeyAction(
        name=verb.name,
        keys=(),
        handler="verb",
        args=(verb.name,),
        help=f":{verb.name}, {verb.summary}",
        word=verb.name,
        order=_LAST,
        reach=Reach.PAGE,
        changes=verb.acts,
    )


def _own(command: OwnCommand) -> KeyAction:
    is_about_one = bool(command.places - {"listing"})
    return KeyAction(
        name=command.name,
        keys=(),
        handler=HANDLER,
        args=(command.name,),
        help=f"run your command {shlex.join(command.argv)}",
        word=command.name,
        order=_LAST if command.is_in_bottom_line else 0,
        reach=Reach.FULL,
        acts_on="one" if is_about_one else "named" if command.places else "",
        why_not=no_transcript if "transcript" in command.places else nothing,
        changes=True,
        leads_out=True,
    )


def _shown(view: str) -> KeyAction:
    return KeyAction(
        name=f"{KEY_PREFIX}{view}",
        keys=(),
        handler="view",
        args=(view,),
        help=f":view {view}",
        word=view,
        order=_LAST,
        moves_on=True,
    )


def bindings(there: Iterable[KeyAction], keys: Keymap) -> list[BindingType]:
    """Return the key bindings.

    They have priority, so that typed-ahead keys act in order.
    """
    return [
        Binding(_textual(keys.keys[one.name]), f"press('{one.name}')", one.help, priority=True)
        for one in there
    ]


def textual_name(key: str) -> str:
    """Return Textual's name for a key."""
    return _character_to_key(key) if len(key) == 1 else key


def _textual(keys: Iterable[str]) -> str:
    """Return keys in Textual's spelling: separated by commas, with names for signs."""
    return ",".join("comma" if key == "," else key for key in keys)


def offered(
    there: Iterable[KeyAction], targets: KeyTargets, keys: Keymap
) -> tuple[tuple[str, str, bool], ...]:
    """Return the keys of the bottom line: sign, word, and whether it is possible now.

    Help and the way back are first, then the panes; what is possible now stands before the rest.
    """
    named = [one for one in there if targets.is_offered(one)]
    ordered = sorted((one for one in named if one.order), key=lambda one: one.order)
    shown = [
        (keys.sign(one.name), word, not targets.why_not(one))
        for one in ordered
        if (word := targets.word(one))
    ]
    panes = [keys.sign(one.name) for one in named if one.handler == "pane"]
    first, rest = shown[:_FIRST], sorted(shown[_FIRST:], key=lambda one: not one[2])
    return (*first, *([(f"{panes[0]}-{panes[-1]}", "panes", True)] if panes else ()), *rest)
