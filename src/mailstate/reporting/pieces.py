"""What there is to say of a change, taken apart into our words and the values of others."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import assert_never

from mailstate.model.resources import Access, Alias, Domain, Mailbox, Resource, User
from mailstate.planning.plan import Action, Change
from mailstate.reporting.paint import visible

_LONGEST = 500
_LONGEST_PROSE = 1_000


@dataclass(frozen=True, slots=True)
class Value:
    """A text that somebody else has chosen, to be kept apart from ours."""

    text: str

    @property
    def shown(self) -> str:
        """The text as one line without anything hidden, and no longer than anybody would read."""
        if len(self.text) <= _LONGEST:
            return visible(self.text)
        return visible(self.text[:_LONGEST]) + f"… ({len(self.text):,} characters)"


@dataclass(frozen=True, slots=True)
class Altered:
    """A field of an update, with what it is and what it will be."""

    name: str
    before: "Piece"
    after: "Piece"


Piece = str | Value
"""Words of ours, or a value."""


def told(change: Change) -> tuple[Piece | Altered, ...]:
    """What there is to say of *change* beside its action and address."""
    if change.action is Action.UPDATE:
        note = prose(change.note)
        if note and change.fields == ("active",):
            return note
        return (*_listed(_difference(change, name) for name in change.fields), *note)
    return prose(change.note) or described(change.resource)


def described(resource: Resource) -> tuple[Piece | Altered, ...]:
    """What there is to say of *resource* beside its address."""
    match resource:
        case User() | Access() | Alias():
            return ()
        case Domain():
            return tuple(_listed(_of_domain(resource)))
        case Mailbox():
            return tuple(_listed(_of_mailbox(resource)))
    assert_never(resource)


def prose(text: str) -> tuple[Piece, ...]:
    """
    A sentence of ours in which names of others may stand, or one of the server's.

    Plain words stay words. Whatever is none is a value: an address, an option, what stands
    between backticks, and all that could be a link, a mention or mark-up somewhere.
    """
    shown = visible(text if len(text) <= _LONGEST_PROSE else f"{text[:_LONGEST_PROSE]}…")
    pieces = tuple(
        piece
        for quoted, token in _TOKENS.findall(shown)
        for piece in ([Value(quoted)] if quoted else _of_token(token))
    )
    return pieces or ((Value(shown),) if shown else ())


def separated(pieces: Iterable[Piece | Altered]) -> Iterator[tuple[str, Piece | Altered]]:
    """*pieces*, each with what goes before it: a blank, or nothing."""
    before = ""
    for piece in pieces:
        closes = isinstance(piece, str) and piece[0] in _AFTER
        yield ("" if closes else before), piece
        before = "" if isinstance(piece, str) and piece.endswith("(") else " "


# Between backticks, or between blanks.
_TOKENS = re.compile(r"`([^`]+)`|([^\s`]+|`)")
_AFTER = "),;:.?"
_FEW = 2
_PUNCTUATED = re.compile(rf"(\(?)(.*?)([{_AFTER}]*)", re.DOTALL)
_PLAIN = re.compile(r"[A-Za-zÀ-ÖØ-öø-ÿŒœ][A-Za-zÀ-ÖØ-öø-ÿŒœ'’-]*|\d{1,6}|%")
_MAY_BE_A_COMMIT = re.compile(r"[a-fA-F]{7,}")


def _of_token(token: str) -> Iterator[Piece]:
    found = _PUNCTUATED.fullmatch(token)
    before, core, after = found.groups() if found else ("", token, "")
    if _PLAIN.fullmatch(core) and not _MAY_BE_A_COMMIT.fullmatch(core):
        yield f"{before}{core}{after}"
    elif core:
        yield from (one for one in (before, Value(core), after) if one)
    elif len(token) <= _FEW and not before:
        yield token
    else:
        yield Value(token)


def _listed(parts: Iterable[Sequence[Piece | Altered]]) -> Iterator[Piece | Altered]:
    for number, part in enumerate(parts):
        if number:
            yield ","
        yield from part


def _of_domain(domain: Domain) -> Iterator[Sequence[Piece]]:
    yield [_piece(domain.features) if domain.features else "no features"]
    if domain.context is not None:
        yield ["OX context", _piece(domain.context)]
    if domain.delivery not in {None, "virtual"}:
        yield ["delivery", _piece(domain.delivery)]


def _of_mailbox(mailbox: Mailbox) -> Iterator[Sequence[Piece]]:
    told = {"first name": mailbox.first_name, "last name": mailbox.last_name}
    names = {what: name for what, name in told.items() if name is not None}
    if mailbox.display_name is not None:
        yield [_piece(mailbox.display_name)]
        if names and " ".join(names.values()) != mailbox.display_name:
            yield from ([what, _piece(name)] for what, name in names.items())
    if mailbox.active is False:
        yield ["inactive"]
    elif mailbox.secondary_email is not None:
        yield ["confirmation to", _piece(mailbox.secondary_email)]


def _difference(change: Change, name: str) -> Sequence[Piece | Altered]:
    before, after = getattr(change.before, name), getattr(change.after, name)
    if name == "active":
        return ["switched on" if after else "switched off"]
    was = "not told" if before is None else _piece(before)
    return [
        Altered("OX context" if name == "context" else name.replace("_", " "), was, _piece(after))
    ]


def _piece(value: object) -> Piece:
    match value:
        case None:
            return "none"
        case frozenset():
            return Value(", ".join(sorted(map(str, value)))) if value else "none"
        case _:
            return Value(str(value)) if str(value) else "empty"
