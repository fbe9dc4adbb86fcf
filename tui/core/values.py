"""Data classes as `dataclasses` makes them, in a tenth of the time: this program starts often.

The standard module imports `inspect` and `ast`, and compiles up to eight functions for each class.
Here three are, when they are called: `__init__` for the tenth value, the others at once. Type
checkers read the standard names, and the standard functions work on these values too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

_NONE_GIVEN = object()
_KW_ONLY = "KW_ONLY"
_FEW = 10
_FIELDS, _STANDARD_FIELDS = "__value_fields__", "__dataclass_fields__"


class FrozenValueError(AttributeError):
    """A field of a frozen value was assigned or deleted."""


class _Field:
    """What is known of one field."""

    __slots__ = ("compare", "default", "default_factory", "init", "kw_only", "name", "repr", "type")

    def __init__(
        self,
        default: Any,
        default_factory: Any,
        *,
        init: bool = True,
        repr: bool = True,
        compare: bool = True,
    ) -> None:
        self.name = self.type = ""
        self.default, self.default_factory = default, default_factory
        self.init, self.repr, self.compare, self.kw_only = init, repr, compare, False


def _field(
    *,
    default: Any = _NONE_GIVEN,
    default_factory: Any = _NONE_GIVEN,
    init: bool = True,
    repr: bool = True,
    compare: bool = True,
) -> Any:
    return _Field(default, default_factory, init=init, repr=repr, compare=compare)


def _dataclass(
    *, slots: bool, frozen: bool = False, eq: bool = True, kw_only: bool = False
) -> Callable[[type], type]:
    if not slots:
        raise TypeError("values have slots")
    return lambda body: _made(body, is_frozen=frozen, is_comparable=eq, is_kw_only=kw_only)


def _made(body: type, *, is_frozen: bool, is_comparable: bool, is_kw_only: bool) -> Any:
    """Return the class anew, for slots cannot be added to one that is there."""
    inherited = {
        one.name: one
        for base in reversed(body.__mro__[1:])
        for one in base.__dict__.get(_FIELDS, ())
    }
    own = {one.name: one for one in _declared(body, is_kw_only)}
    every = tuple((inherited | own).values())
    _require_order(every)
    dropped = {*own, "__dict__", "__weakref__"}
    namespace = {name: one for name, one in body.__dict__.items() if name not in dropped}
    namespace |= {
        "__slots__": tuple(name for name in own if name not in inherited),
        _FIELDS: every,
        _STANDARD_FIELDS: _StandardFields(),
        "__match_args__": tuple(one.name for one in every if one.init and not one.kw_only),
    }
    namespace.setdefault("__repr__", _repr)
    if is_frozen:
        namespace |= {"__setattr__": _refuse_set, "__delattr__": _refuse_delete}
        namespace |= {"__getstate__": _get_state, "__setstate__": _set_state}
    made: Any = type(body)(body.__name__, body.__bases__, namespace)
    made.__qualname__ = body.__qualname__
    if "__init__" not in namespace:
        _add_late_init(made, every)
        made.__signature__ = _Signature()
    if is_comparable:
        _add_comparison(made, namespace, is_frozen=is_frozen)
    return made


def _add_comparison(made: Any, namespace: Mapping[str, Any], *, is_frozen: bool) -> None:
    """Add equality and hash; beside an `__eq__` of its own, a class has `None` for a hash."""
    if "__eq__" not in namespace:
        _add_late(made, "__eq__", _compiled_eq)
    if namespace.get("__hash__") is None:
        made.__hash__ = None
        if is_frozen:
            _add_late(made, "__hash__", _compiled_hash)


def _declared(body: type, is_kw_only: bool) -> Iterator[_Field]:
    for name, kind in vars(body).get("__annotations__", {}).items():
        if kind.rpartition(".")[2] == _KW_ONLY:
            is_kw_only = True
            continue
        if "ClassVar" in kind.partition("[")[0]:
            continue
        default = body.__dict__.get(name, _NONE_GIVEN)
        one = default if isinstance(default, _Field) else _Field(default, _NONE_GIVEN)
        if one.default.__class__.__hash__ is None:
            raise ValueError(f"{name}: a mutable default needs a default_factory")
        one.name, one.type, one.kw_only = name, kind, is_kw_only
        yield one


def _require_order(every: tuple[_Field, ...]) -> None:
    optional = ""
    for one in every:
        if not one.init or one.kw_only:
            continue
        if _is_optional(one):
            optional = one.name
        elif optional:
            raise TypeError(f"{one.name} has no default, but follows {optional}, which has one")


def _is_optional(one: _Field) -> bool:
    return one.default is not _NONE_GIVEN or one.default_factory is not _NONE_GIVEN


def _add_late(made: Any, name: str, compiled: Callable[[Any], Any]) -> None:
    """Add a method that puts the compiled one in its place when it is first called."""

    def method(self: Any, /, *args: Any, **named: Any) -> Any:
        setattr(made, name, compiled(made))
        return getattr(made, name)(self, *args, **named)

    setattr(made, name, method)


def _add_late_init(made: Any, every: tuple[_Field, ...]) -> None:
    """Add an `__init__` that is compiled for the tenth value: most classes have fewer in a verb."""
    left = _FEW
    positional = made.__match_args__

    def __init__(self: Any, /, *args: Any, **named: Any) -> None:  # noqa: N807 (becomes a method)
        nonlocal left
        left -= 1
        given = dict(zip(positional, args, strict=False)) | named
        is_clear = len(given) == len(args) + len(named)  # and none is given twice
        if left > 0 and is_clear and _fill(self, every, given):
            return
        made.__init__ = _compiled_init(made)  # which also tells what was wrong
        made.__init__(self, *args, **named)

    made.__init__ = __init__


def _fill(value: Any, every: tuple[_Field, ...], given: dict[str, Any]) -> bool:
    """Set all fields of a new value; false, if not all of what is given fits."""
    for one in every:
        if one.init and one.name in given:
            found = given.pop(one.name)
        elif one.default_factory is not _NONE_GIVEN:
            found = one.default_factory()
        elif one.default is not _NONE_GIVEN:
            found = one.default
        elif one.init:
            return False
        else:
            continue
        object.__setattr__(value, one.name, found)
    if given:
        return False
    if hasattr(value, "__post_init__"):
        value.__post_init__()
    return True


def _compiled_init(made: Any) -> Any:
    """Compile `__init__`; it writes frozen fields by their slots, past the class's refusal."""
    known: dict[str, Any] = {"_NONE_GIVEN": _NONE_GIVEN}
    is_frozen = made.__setattr__ is _refuse_set
    lines = []
    for number, one in enumerate(made.__value_fields__):
        known[f"_default_{number}"] = one.default
        known[f"_make_{number}"] = one.default_factory
        value = one.name if one.init else f"_default_{number}"
        if one.default_factory is not _NONE_GIVEN:
            value = f"_make_{number}() if {one.name} is _NONE_GIVEN else {one.name}"
            value = value if one.init else f"_make_{number}()"
        elif not one.init and one.default is _NONE_GIVEN:
            continue
        known[f"_set_{number}"] = getattr(made, one.name).__set__
        lines.append(f"_set_{number}(self, {value})" if is_frozen else f"self.{one.name} = {value}")
    if hasattr(made, "__post_init__"):
        lines.append("self.__post_init__()")
    init = _compiled(made, "__init__", _parameters(made.__value_fields__), lines or ["pass"], known)
    init.__annotations__ = {one.name: one.type for one in made.__value_fields__ if one.init}
    return init


def _compiled_eq(made: Any) -> Any:
    lines = [
        "if self.__class__ is not other.__class__:",
        "    return NotImplemented",
        f"return {_compared(made, 'self')} == {_compared(made, 'other')}",
    ]
    return _compiled(made, "__eq__", "self, other", lines, {})


def _compiled_hash(made: Any) -> Any:
    return _compiled(made, "__hash__", "self", [f"return hash({_compared(made, 'self')})"], {})


def _compared(made: Any, value: str) -> str:
    """Return the tuple of the fields that comparison looks at, as source."""
    names = (f"{value}.{one.name}," for one in made.__value_fields__ if one.compare)
    return f"({''.join(names)})"


def _compiled(
    made: Any, name: str, parameters: str, lines: list[str], known: dict[str, Any]
) -> Any:
    body = "".join(f"\n    {line}" for line in lines)
    exec(f"def {name}({parameters}):{body}", known)  # noqa: S102 (as `dataclasses` does)
    method = known[name]
    method.__qualname__ = f"{made.__qualname__}.{name}"
    return method


def _parameters(every: tuple[_Field, ...]) -> str:
    taken: tuple[list[str], list[str]] = ["self"], []
    for number, one in enumerate(every):
        if not one.init:
            continue
        default = f"=_default_{number}" if _is_optional(one) else ""
        taken[one.kw_only].append(f"{one.name}{default}")
    return ", ".join((*taken[0], *(["*", *taken[1]] if taken[1] else [])))


def _refuse_set(self: object, name: str, value: object) -> None:
    raise FrozenValueError(f"cannot assign to field {name!r}")


def _refuse_delete(self: object, name: str) -> None:
    raise FrozenValueError(f"cannot delete field {name!r}")


def _get_state(self: Any) -> list[Any]:
    return [getattr(self, one.name) for one in _fields(self)]


def _set_state(self: object, state: list[Any]) -> None:
    for one, value in zip(_fields(self), state, strict=True):
        object.__setattr__(self, one.name, value)


def _repr(self: object) -> str:
    shown = (f"{one.name}={getattr(self, one.name)!r}" for one in _fields(self) if one.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _fields(value: Any) -> tuple[_Field, ...]:
    """Return the fields of a value or a class, also of a standard one, such as the SDK's."""
    try:
        found: Any = value.__value_fields__
    except AttributeError:
        import dataclasses

        found = dataclasses.fields(value)
    return tuple(found)


def _replace(value: Any, /, **changes: Any) -> Any:
    for one in _fields(value):
        if one.init and one.name not in changes:
            changes[one.name] = getattr(value, one.name)
    return value.__class__(**changes)


def _asdict(value: Any) -> dict[str, Any]:
    return {one.name: _plain(getattr(value, one.name)) for one in _fields(value)}


def _plain(value: Any) -> Any:
    if hasattr(type(value), _FIELDS) or hasattr(type(value), _STANDARD_FIELDS):
        return _asdict(value)
    if isinstance(value, list | tuple):
        return type(value)(map(_plain, value))
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    return value


class _Signature:
    """What a class is called with, for `inspect.signature`."""

    def __get__(self, value: object, owner: type) -> Any:
        import inspect

        known = inspect.signature(_compiled_init(owner))
        return known.replace(parameters=list(known.parameters.values())[1:])


class _StandardFields:
    """The fields as the standard module keeps them, for its functions in the code of others."""

    def __get__(self, value: object, owner: type) -> dict[str, Any]:
        return _standard_fields(owner)


@cache
def _standard_fields(owner: type) -> dict[str, Any]:
    import dataclasses

    found: dict[str, Any] = {}
    for one in _fields(owner):
        standard: Any = dataclasses.field(
            default=_standard(one.default),
            default_factory=_standard(one.default_factory),
            init=one.init,
            repr=one.repr,
            compare=one.compare,
            kw_only=one.kw_only,
        )
        standard.name, standard.type = one.name, one.type
        standard._field_type = vars(dataclasses)["_FIELD"]
        found[one.name] = standard
    return found


def _standard(value: Any) -> Any:
    import dataclasses

    return dataclasses.MISSING if value is _NONE_GIVEN else value


if TYPE_CHECKING:
    from dataclasses import KW_ONLY as KW_ONLY
    from dataclasses import asdict as asdict
    from dataclasses import dataclass as dataclass
    from dataclasses import field as field
    from dataclasses import fields as fields
    from dataclasses import replace as replace
else:
    KW_ONLY, asdict, dataclass = _KW_ONLY, _asdict, _dataclass
    field, fields, replace = _field, _fields, _replace
