"""
`dataclass` for frozen values with slots, as the standard library has it but made in no time.

The standard library compiles six functions for each class, which for the sixty classes of a small
plan takes as long as reading its files. Of these functions, one must know the names of the fields
when it is compiled: `__init__`. The others are the same for every class here. Only what is written
in this module's signature can be asked for; type checkers see the standard library's own.
"""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, FrozenInstanceError, fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal, TypeVar

__all__ = ["dataclass"]

_T = TypeVar("_T")


def _dataclass(
    *, frozen: Literal[True], slots: Literal[True], kw_only: bool = False
) -> Callable[[type[_T]], type[_T]]:
    """
    A decorator that gives a class as `dataclasses.dataclass` does, with its `fields` and `replace`.

    A field may have a `default`, a `default_factory`, `repr` and `compare`; no base class may have
    fields. `__init__` sets the slots by themselves, which takes half the time.
    """
    assert frozen  # noqa: S101 - there is no other kind
    assert slots  # noqa: S101

    def value(cls: type[_T]) -> type[_T]:
        described = dataclasses.dataclass(init=False, repr=False, eq=False, kw_only=kw_only)(cls)
        all_fields = fields(described)  # type: ignore[arg-type] # it is a dataclass now
        names = [field.name for field in all_fields]
        own = {
            name: value
            for name, value in vars(described).items()
            if name not in {*names, "__dict__", "__weakref__"}
        }
        content = {**_methods(all_fields), **own, "__slots__": names}
        made: Any = type(cls.__name__, cls.__bases__, content)
        made.__qualname__ = cls.__qualname__
        made.__init__ = _init(made, all_fields)
        return made  # type: ignore[no-any-return]

    return value


if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    dataclass = _dataclass


def _init(cls: type, all_fields: tuple[Field[Any], ...]) -> Callable[..., None]:
    """The `__init__` of *cls*, whose slots are there."""
    known: dict[str, object] = {"__name__": cls.__module__, "MISSING": MISSING}
    parameters, lines = ["self"], []
    if all_fields and all_fields[0].kw_only:
        parameters.append("*")
    for field in all_fields:
        name = value = field.name
        known[f"set_{name}"] = vars(cls)[name].__set__
        if field.default is not MISSING:
            known[f"default_{name}"] = field.default
            parameters.append(f"{name}=default_{name}")
        elif field.default_factory is not MISSING:
            known[f"make_{name}"] = field.default_factory
            parameters.append(f"{name}=MISSING")
            value = f"make_{name}() if {name} is MISSING else {name}"
        else:
            parameters.append(name)
        lines.append(f" set_{name}(self, {value})\n")
    if hasattr(cls, "__post_init__"):
        lines.append(" self.__post_init__()\n")
    exec(f"def __init__({', '.join(parameters)}):\n{''.join(lines)}", known)  # noqa: S102 - of names
    init: Any = known["__init__"]
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    init.__annotations__ = {**{field.name: field.type for field in all_fields}, "return": None}
    return init  # type: ignore[no-any-return]


def _methods(all_fields: tuple[Field[Any], ...]) -> Mapping[str, object]:
    """What else a value can do."""
    contents = _getter([field.name for field in all_fields])
    compared = _getter([field.name for field in all_fields if field.compare])
    shown = [field.name for field in all_fields if field.repr]

    def told(self: object) -> str:
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
        return f"{type(self).__qualname__}({values})"

    def equal(self: object, other: object) -> object:
        if type(other) is not type(self):
            return NotImplemented
        return compared(self) == compared(other)

    def hashed(self: object) -> int:
        return hash(compared(self))

    def content(self: object) -> tuple[object, ...]:
        return contents(self)

    def filled(self: object, state: tuple[object, ...]) -> None:
        for field, value in zip(all_fields, state, strict=True):
            object.__setattr__(self, field.name, value)

    return {
        "__repr__": told,
        "__eq__": equal,
        "__hash__": hashed,
        "__getstate__": content,
        "__setstate__": filled,
        "__setattr__": _not_set,
        "__delattr__": _not_deleted,
    }


def _getter(names: list[str]) -> Callable[[object], tuple[object, ...]]:
    """Gives the attributes *names* of a value."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda value: tuple(getattr(value, name) for name in names)


def _not_set(_self: object, name: str, _value: object) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _not_deleted(_self: object, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")
