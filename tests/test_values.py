"""Values are what the standard library's frozen dataclasses are."""

import copy
import dataclasses
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import FrozenInstanceError, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstate.values import dataclass

Pair = tuple[Callable[..., Any], Callable[..., Any]]


def declared(dataclass: Any, **how: bool) -> Any:
    """A class with every kind of field that there is."""

    @dataclass(frozen=True, slots=True, **how)
    class Value:
        """Something."""

        name: str
        count: int = 3
        notes: Sequence[str] = field(default_factory=list)
        secret: str = field(default="none", repr=False)
        origin: str = field(default="", compare=False)

        @property
        def shouted(self) -> str:
            return self.name.upper()

        def __str__(self) -> str:
            return f"the value {self.name}"

    return Value


def small(dataclass: Any) -> Any:
    """A class with one field, and a condition on it."""

    @dataclass(frozen=True, slots=True)
    class Value:
        """Something small."""

        count: int

        def __post_init__(self) -> None:
            if self.count < 0:
                raise ValueError(f"{self.count} is no count")

    return Value


OURS, THEIRS = declared(dataclass, kw_only=True), declared(dataclasses.dataclass, kw_only=True)
POSITIONAL = declared(dataclass), declared(dataclasses.dataclass)
SMALL = small(dataclass), small(dataclasses.dataclass)
VALUES = st.fixed_dictionaries(
    {"name": st.text(max_size=2)},
    optional={
        "count": st.integers(0, 1) | st.floats(),
        "notes": st.tuples(st.text(max_size=1)),
        "secret": st.sampled_from(["none", "s"]),
        "origin": st.text(max_size=1),
    },
)


@given(VALUES, VALUES)
def test_two_values_stand_to_each_other_as_dataclasses_do(
    one: Mapping[str, Any], other: Mapping[str, Any]
):
    """
    Equal, or not; with the same hash, or not; never equal to a value of another class.
    """
    assert (THEIRS(**one) == THEIRS(**other)) == (OURS(**one) == OURS(**other))
    if "notes" in one:
        assert hash(THEIRS(**one)) == hash(OURS(**one))
    assert OURS(**one) != THEIRS(**one)
    assert OURS(**one) != tuple(one.values())


@given(VALUES)
def test_a_value_is_told_copied_and_changed_as_a_dataclass_is(told: Mapping[str, Any]):
    """
    Its repr, its fields, `replace`, copies, and what the class adds are the same.
    """
    ours, theirs = OURS(**told), THEIRS(**told)

    assert repr(theirs) == repr(ours)
    assert str(theirs) == str(ours)
    assert theirs.shouted == ours.shouted
    assert repr(dataclasses.asdict(theirs)) == repr(dataclasses.asdict(ours))
    assert repr(dataclasses.replace(theirs, count=7)) == repr(dataclasses.replace(ours, count=7))
    assert repr(theirs) == repr(copy.copy(ours)) == repr(copy.deepcopy(ours))
    assert repr(theirs) == repr(OURS(**{one.name: getattr(ours, one.name) for one in shown(ours)}))


def shown(value: Any) -> Sequence[Any]:
    """The fields of *value*."""
    return dataclasses.fields(value)


@pytest.mark.parametrize(
    "pair", [(OURS, THEIRS), POSITIONAL, SMALL], ids=["named", "placed", "small"]
)
def test_a_class_of_values_has_the_signature_of_a_dataclass(pair: Pair):
    """
    Names, kinds and types of its parameters; the doc, the slots, and what `match` takes.
    """
    ours, theirs = pair

    def described(kind: Any) -> object:
        parameters = inspect.signature(kind).parameters.values()
        return (
            [(one.name, one.kind, one.annotation) for one in parameters],
            [(one.name, one.type, one.repr, one.compare) for one in shown(kind)],
            kind.__init__.__annotations__,
            kind.__init__.__qualname__.rpartition(".")[2],
            *map(kind.__dict__.get, ("__doc__", "__module__", "__match_args__", "__qualname__")),
            list(kind.__slots__),
        )

    assert described(theirs) == described(ours)


@pytest.mark.parametrize(
    "do",
    [
        lambda value: setattr(value, "count", 1),
        lambda value: setattr(value, "other", 1),
        lambda value: delattr(value, "count"),
    ],
    ids=["set", "add", "delete"],
)
@pytest.mark.parametrize("kind", [*SMALL, OURS, THEIRS], ids=range(4))
def test_a_value_never_changes(kind: Callable[..., Any], do: Callable[[Any], None]):
    """
    Neither what it holds, nor that it holds nothing else.
    """
    value = kind(**{"name": "a"} if kind in {OURS, THEIRS} else {"count": 2})

    with pytest.raises((FrozenInstanceError, TypeError)):
        do(value)
    assert not hasattr(value, "__dict__")


@pytest.mark.parametrize("kind", SMALL, ids=["ours", "theirs"])
def test_a_value_is_held_to_its_condition(kind: Callable[..., Any]):
    """
    `__post_init__` sees it before anybody else does.
    """
    with pytest.raises(ValueError, match=r"^-1 is no count$"):
        kind(-1)


def test_a_value_of_one_field_is_equal_to_its_like_and_copied_like_any_other():
    """
    One field is no special case.
    """
    ours, _ = SMALL

    assert ours(2) == ours(2) != ours(3)
    assert hash(ours(2)) == hash((2,))
    assert ours(2) == copy.deepcopy(ours(2))


def test_values_made_without_a_content_do_not_share_it():
    """
    A `default_factory` is asked for each of them.
    """
    assert OURS(name="a").notes is not OURS(name="a").notes


@pytest.mark.parametrize("told", [{}, {"name": "a", "other": 1}], ids=["missing", "unknown"])
def test_what_is_missing_or_unknown_is_refused_as_a_dataclass_refuses_it(told: Mapping[str, Any]):
    """
    With the same words.
    """
    with pytest.raises(TypeError) as theirs:
        THEIRS(**told)
    with pytest.raises(TypeError) as ours:
        OURS(**told)

    assert str(theirs.value) == str(ours.value)


def test_what_comes_by_position_finds_its_field():
    """
    Unless the class wants names.
    """
    ours, theirs = POSITIONAL

    assert repr(theirs("a", 1, ["b"], "s", "o")) == repr(ours("a", 1, ["b"], "s", "o"))
    with pytest.raises(TypeError):
        OURS("a")
