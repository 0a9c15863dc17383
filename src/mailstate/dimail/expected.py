"""
Lists of mailboxes in which nearly everything is as the files ask for it.

A mailbox that is there just as it is wanted need not be decoded to be known: its text is looked for
among those of the list, in the form in which this server writes. What is left over is decoded. A
list with anything unusual in it is not known in this way, and has to be read whole.
"""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial, reduce
from itertools import chain, compress
from json.encoder import encode_basestring
from operator import getitem
from typing import Any, NamedTuple

from mailstate.dimail import wire
from mailstate.dimail.lists import Listed, first_items, second_items, together
from mailstate.dimail.node import DECODER
from mailstate.model.resources import DomainName
from mailstate.model.rows import Columns, MailboxRows

Read = Callable[[list[Any], DomainName], Listed | None]
"""What items of the list of a webmail domain mean; None if they are unusual."""

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

# What stands for the values while a form is made, and how that is written.
_MARKS = ("\x1c", "\x1d", "\x1e", "\x1f")
_WRITTEN = re.compile(r"\\u001([c-f])")

_VALUES = len(_MARKS)

_LOOKS = 3
"""Of how many items a form may be learnt: the first ones may be unlike the others."""

_PATIENCE = 16
"""After so many lists in which nothing is as expected, nothing is expected any more."""


_NOTHING = Listed(mailboxes=MailboxRows.of(DomainName(""), ()), tells_active=False)


class Form(NamedTuple):
    """
    How a server writes a mailbox that is whole: what stands before, between and after its values.

    These are, by number and in this `order`: address, first, last and display name. `active` is
    what the form says of whoever is written in it, if it `tells_active`.
    """

    parts: tuple[str, ...]
    order: tuple[int, ...]
    active: bool | None
    tells_active: bool

    def texts(self, mailboxes: MailboxRows) -> list[str]:
        """The text of each of *mailboxes*, which are plain."""
        parts, columns = list(self.parts), mailboxes.columns
        parts[self.order.index(0) + 1] = f"@{mailboxes.domain}{parts[self.order.index(0) + 1]}"
        start, one, two, three, end = parts
        values = zip(*(columns[number] for number in self.order), strict=True)
        return [f"{start}{a}{one}{b}{two}{c}{three}{d}{end}" for a, b, c, d in values]


class Expected:
    """
    Reads the lists of one API by what is expected, and remembers the form of its server.

    An item has its values at *paths*, and means what *read* says.
    """

    def __init__(self, paths: Sequence[Sequence[str]], read: Read) -> None:
        self._paths = paths
        self._read = read
        self._form: Form | None = None
        self._patience = _PATIENCE

    def listed(self, body: bytes, wanted: MailboxRows | None) -> Listed | None:
        """
        What the list *body* of a webmail domain says; *wanted* is sorted by key.

        None if it is not known in this way.
        """
        items = _items(body) if wanted and self._patience else []
        if not items or not wanted or not _are_plain(wanted):
            return None
        there, texts = set(items), self._texts(wanted)
        if there.isdisjoint(texts):
            self._form = self._learnt(items[:_LOOKS], wanted.domain)
            texts = self._texts(wanted)
        left = there.difference(texts)
        if self._form is None or len(left) == len(there):
            self._patience -= 1
            return None
        self._patience = _PATIENCE
        if len(there) < len(items) or len(left) > len(items) // 2:
            return None  # one is told twice, or it would take longer than to read it whole
        others = _decoded(left)
        if others is None:
            return None
        technical = f"{wire.TECHNICAL}@{wanted.domain}"
        others = [item for item in others if item.get("email") != technical]
        rest = self._read(others, wanted.domain) if others else _NOTHING
        if rest is None:
            return None
        columns, count = wanted.columns, len(there) - len(left)
        if count < len(texts):
            found = [text in there for text in texts]
            columns = Columns._make(list(compress(column, found)) for column in columns)
        columns = columns._replace(
            active=[self._form.active] * count, secondary_emails=[None] * count
        )
        mailboxes = together(MailboxRows(wanted.domain, columns), rest.mailboxes)
        if len(mailboxes) < count + len(rest.mailboxes):
            return None
        return Listed(
            mailboxes=mailboxes,
            torn=rest.torn,
            tells_active=self._form.tells_active or rest.tells_active,
        )

    def _texts(self, wanted: MailboxRows) -> list[str]:
        return [] if self._form is None else self._form.texts(wanted)

    def _learnt(self, items: Iterable[str], domain: DomainName) -> Form | None:
        """The form of the first of *items* that is a whole mailbox of *domain*."""
        for text in items:
            item = _decoded([text])
            listed = item and self._read(item, domain)
            if not item or not listed or len(listed.mailboxes) != 1 or listed.torn:
                continue
            (box,) = listed.mailboxes.values()
            if not (box.first_name and box.last_name and box.display_name):
                continue
            for (*steps, last), mark in zip(self._paths, _MARKS, strict=True):
                reduce(getitem, steps, item[0])[last] = mark
            # No other mark can be there: nothing was written with a backslash.
            before, *parts = _WRITTEN.split(_encode(item[0])[1:-1])
            return Form(
                parts=(before, *parts[1::2]),
                order=tuple(map("cdef".index, parts[::2])),
                active=box.active,
                tells_active=listed.tells_active,
            )
        return None


class Hopes:
    """What is expected of the lists of one server: of those of the first API, and of the second."""

    def __init__(self) -> None:
        ox = ("extras", "ox")
        self.first = Expected(
            (("email",), ("givenName",), ("surName",), ("displayName",)),
            partial(first_items, webmail=True),
        )
        self.second = Expected(
            (("email",), (*ox, "given_name"), (*ox, "sur_name"), (*ox, "display_name")),
            partial(second_items, webmail=True),
        )


def _items(body: bytes) -> list[str]:
    """The texts of the items of the list *body*, without their braces; none if it is no such."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return []
    return text[2:-2].split("},{") if text.startswith("[{") and text.endswith("}]") else []


def _decoded(items: Iterable[str]) -> list[Any] | None:
    """The *items*, each of which is whole in itself; None if one is not, or is unusual."""
    texts = [f"{{{item}}}" for item in items]
    if any("\\" in text for text in texts):
        return None
    try:
        return list(map(DECODER.decode, texts))
    except (ValueError, RecursionError):
        return None


def _are_plain(mailboxes: MailboxRows) -> bool:
    """Whether each has all names, may stand in JSON as it is, and is in lower case."""
    columns = mailboxes.columns
    local_parts = "\n".join(columns.local_parts)
    values: list[Any] = [mailboxes.domain, *chain.from_iterable(columns[:_VALUES])]
    if wire.TECHNICAL in columns.local_parts or not all(values):
        return False
    # Two quotes, and an `n` in place of each end of a line: nothing else is written otherwise.
    text = "\n".join(values)
    is_plain = len(encode_basestring(text)) == len(text) + 1 + len(values)
    return is_plain and local_parts == local_parts.lower()
