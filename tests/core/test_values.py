"""Values behave as those of `dataclasses` do, whose functions work on them too."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from tui.core import values


@values.dataclass(frozen=True, slots=True)
class Point:
    """A value with all kinds of fields."""

    kind: ClassVar[str] = "point"
    x: int
    y: int = 0
    _: values.KW_ONLY
    tags: list[str] = values.field(default_factory=list)
    origin: str = values.field(default="", compare=False)
    secret: str = values.field(default="", repr=False)


@values.dataclass(frozen=True, slots=True, kw_only=True)
class Named(Point):
    """A value that extends another."""

    name: str

    @property
    def shown(self) -> str:
        """What it inherits is there."""
        return f"{self.name} {self.x} {self.kind}"


@values.dataclass(slots=True)
class Counter:
    """One that changes."""

    count: int
    double: int = values.field(init=False)
    seen: list[int] = values.field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self.double = 2 * self.count


def _standard(owner: Any) -> Any:
    """Return the class that `dataclasses` makes of the same fields."""
    made = [(one.name, one.type, copy.copy(one)) for one in owner.__dataclass_fields__.values()]
    return dataclasses.make_dataclass(owner.__name__, made, frozen=True, slots=True)


def test_a_value_takes_compares_and_shows_its_fields_as_a_standard_one() -> None:
    """Defaults, keyword-only fields, equality, hash and representation are the same."""
    ours, standard = Point, _standard(Point)
    for args, named in (((1,), {}), ((1, 2), {"tags": ["a"]}), ((1,), {"origin": "b"})):
        assert repr(ours(*args, **named)) == repr(standard(*args, **named))
    assert Point(1) == Point(1, origin="elsewhere") != Point(2)
    assert Point(1).tags is not Point(1).tags
    assert hash(Named(x=1, name="n", tags=())) == hash(Named(x=1, name="n", tags=()))  # type: ignore[arg-type]
    assert Point(1) != Named(x=1, name="")
    assert Named(x=1, name="n").shown == "n 1 point"
    assert Point.__match_args__ == standard.__match_args__ == ("x", "y")
    with pytest.raises(TypeError, match="unhashable"):
        hash(Point(1))
    with pytest.raises(TypeError, match="unhashable"):
        hash(Counter(1))


@pytest.mark.parametrize(
    ("args", "named"), [((), {}), ((1, 2, 3), {}), ((1,), {"z": 1}), ((1,), {"x": 1})]
)
def test_a_wrong_call_is_refused(args: Any, named: Any) -> None:
    """It is refused in the same words, also as the first call of all."""
    with pytest.raises(TypeError) as standard:
        _standard(Point)(*args, **named)
    with pytest.raises(TypeError) as ours:
        Point(*args, **named)
    assert str(ours.value).removeprefix("Point.") == str(standard.value).removeprefix("Point.")


def test_the_signature_of_a_class_is_known() -> None:
    """Methods of the API have theirs from it, also before there is a value."""
    assert str(inspect.signature(Counter)) == "(count: 'int')"
    known = inspect.signature(Point)
    assert list(known.parameters) == ["x", "y", "tags", "origin", "secret"]
    assert known.parameters["origin"].kind is inspect.Parameter.KEYWORD_ONLY
    assert known.parameters["y"].default == 0


def test_a_frozen_value_never_changes() -> None:
    """Neither a field nor any other attribute can be set or deleted."""
    point: Any = Named(x=1, name="n")
    for name in ("x", "z"):
        with pytest.raises(AttributeError):
            setattr(point, name, 2)
    with pytest.raises(AttributeError):
        del point.x
    assert point.x == 1
    assert not hasattr(point, "__dict__")


def test_a_value_that_is_not_frozen_changes() -> None:
    """What no call gives is made for each value, before `__post_init__` or by it."""
    counter = Counter(2)
    counter.count += 1
    assert (counter.count, counter.double, counter.seen) == (3, 4, [])
    assert Counter(1).seen is not Counter(1).seen


@pytest.mark.parametrize("replaced", [values.replace, dataclasses.replace])
def test_a_copy_differs_only_in_what_is_replaced(replaced: Callable[..., Any]) -> None:
    """Unknown fields are refused."""
    assert replaced(Named(x=1, name="n", origin="o"), y=3) == Named(x=1, y=3, name="n")
    assert replaced(Named(x=1, name="n", origin="o"), y=3).origin == "o"
    assert replaced(Counter(1), count=5).double == 10
    with pytest.raises(TypeError):
        replaced(Point(1), z=1)


def test_the_standard_functions_know_the_fields() -> None:
    """Code of others may use them on the values that it is given."""
    point = Named(x=1, name="n", tags=["t"])
    assert dataclasses.is_dataclass(point)
    assert dataclasses.asdict(point) == values.asdict(point)
    for known in (dataclasses.fields(point), values.fields(Named)):
        assert [one.name for one in known] == ["x", "y", "tags", "origin", "secret", "name"]
    nested = Point(1, tags=[point, {"a": (point,)}])  # type: ignore[list-item]
    assert values.asdict(nested) == dataclasses.asdict(nested)


def test_standard_values_are_replaced_and_listed_as_well() -> None:
    """The SDK's options are such, and a checker sees no difference."""
    standard = _standard(Point)(1, tags=["a"])
    assert values.replace(standard, y=2) == dataclasses.replace(standard, y=2)
    assert values.asdict(Point(1, tags=[standard]))["tags"] == [values.asdict(standard)]
    assert [one.name for one in values.fields(standard)][:2] == ["x", "y"]


def test_a_value_is_copied_and_pickled() -> None:
    """A copy is equal, and frozen."""
    point = Named(x=1, name="n", tags=["t"])
    assert copy.copy(point) == copy.deepcopy(point) == pickle.loads(pickle.dumps(point)) == point  # noqa: S301


def test_what_would_go_wrong_later_is_refused_at_once() -> None:
    """A shared default that changes, and a field that nobody could leave out."""
    for name, fields in (("shared", {"a": []}), ("order", {"a": 1, "b": None})):
        body = type(name, (), fields | {"__annotations__": dict.fromkeys(fields, "int")})
        if name == "order":
            del body.b  # type: ignore[attr-defined]
        with pytest.raises((TypeError, ValueError)):
            values.dataclass(slots=True)(body)


def test_values_need_neither_inspect_nor_ast() -> None:
    """That is what they are for."""
    heavy = "{'inspect', 'ast', 'dataclasses'}"
    code = f"import sys, tui.core.models.session; print({heavy} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
