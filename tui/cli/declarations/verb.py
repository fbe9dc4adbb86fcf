"""What declares a verb of the command line: its arguments, its target, whether it acts."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable

from tui.cli.declarations.arguments import Argument
from tui.core.console.disabled_reason import WhyNot, nothing
from tui.core.values import dataclass
from tui.operations.context import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """One verb: its function is `tui.cli.verbs.<module>.<name>(context, args)`.

    `examples` are for `hollis_park`, a listing, and `9f2c`, a session in it. `target` is what the
    console runs it on when no id is typed, `why_not` says why it can do nothing with a session;
    `takes_listing`: where it takes an id, it takes `LISTING/` for all sessions of that listing. A
    read-only console refuses calls that act: `acts` says whether the verb does, `acts_when` decides
    it where that depends on the arguments. Where the root hangs, what `needs_root` is refused, and
    where a listing does, what `needs_all` of them or names it.
    """

    name: str
    module: str
    summary: str
    examples: tuple[str, ...]
    acts: bool
    arguments: tuple[Argument, ...] = ()
    target: Target = "none"
    why_not: WhyNot = nothing
    acts_when: Callable[[Namespace], bool] | None = None
    takes_listing: bool = False
    needs_root: bool = True
    needs_all: bool = False

    @property
    def usage(self) -> str:
        """The verb with its arguments, such as `show ID`."""
        return " ".join((self.name, *(one.usage for one in self.arguments)))

    def acts_on(self, args: Namespace) -> bool:
        """Whether a call with these arguments changes anything."""
        return self.acts if self.acts_when is None else self.acts_when(args)
