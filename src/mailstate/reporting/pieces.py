"""What there is to say of a change, taken apart into our words and the values of others."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
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
        return (*_listed([_difference(change, name) for name in change.fields]), *note)
    return prose(change.note) or described(change.resource)


def described(resource: Resource) -> tuple[Piece | Altered, ...]:
    """What there is to say of *resource* beside its address."""
    match resource:
        case Mailbox():
            return _listed(_of_mailbox(resource))
        case Domain():
            return _listed(_of_domain(resource))
        case User() | Access() | Alias():
            return ()
    assert_never(resource)


def prose(text: str) -> tuple[Piece, ...]:
    """
    A sentence of ours in which names of others may stand, or one of the server's.

    Plain words stay words. Whatever is none is a value: an address, an option, what stands
    between backticks, and all that could be a link, a mention or mark-up somewhere.
    """
    if not text:
        return ()
    shown = visible(text if len(text) <= _LONGEST_PROSE else f"{text[:_LONGEST_PROSE]}…")
    pieces = tuple(
        piece
        for quoted, token in _TOKENS.findall(shown)
        for piece in ([Value(quoted)] if quoted else _of_token(token))
    )
    return pieces or (Value(shown),)


def spaced(pieces: Iterable[Piece | Altered], shown: Callable[[Piece | Altered], str]) -> str:
    """*pieces* as they are *shown*, with blanks between them where there are any in a text."""
    text = before = ""
    for piece in pieces:
        if not isinstance(piece, str):
            text += before + shown(piece)
            before = " "
        else:
            text += shown(piece) if piece[0] in _AFTER else before + shown(piece)
            before = "" if piece[-1] == "(" else " "
    return text


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


def _listed(parts: Iterable[Sequence[Piece | Altered]]) -> tuple[Piece | Altered, ...]:
    listed: list[Piece | Altered] = []
    for part in parts:
        if listed:
            listed.append(",")
        listed += part
    return tuple(listed)


def _of_domain(domain: Domain) -> Iterator[Sequence[Piece]]:
    yield [_piece(domain.features) if domain.features else "no features"]
    if domain.context is not None:
        yield ["OX context", _piece(domain.context)]
    if domain.delivery not in {None, "virtual"}:
        yield ["delivery", _piece(domain.delivery)]


def _of_mailbox(mailbox: Mailbox) -> Iterator[Sequence[Piece]]:
    first, last, display = mailbox.first_name, mailbox.last_name, mailbox.display_name
    if display is not None:
        yield [_piece(display)]
        told = [name for name in (first, last) if name is not None]
        if told and " ".join(told) != display:
            if first is not None:
                yield ["first name", _piece(first)]
            if last is not None:
                yield ["last name", _piece(last)]
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
    if isinstance(value, str):
        return Value(value) if value else "empty"
    match value:
        case None:
            return "none"
        case frozenset():
            return Value(", ".join(sorted(map(str, value)))) if value else "none"
        case _:
            return Value(str(value)) if str(value) else "empty"
