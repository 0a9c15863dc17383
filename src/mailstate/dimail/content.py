"""
What is on a domain, kept as the answers that told it.

The answers are checked when they come, whole; what they mean is kept while somebody looks at it,
and made anew for the next look. That a list was found sound may be remembered by the digest of
its bytes: the same bytes are then taken for sound without being read again.
"""

from collections.abc import Collection, Mapping
from functools import partial
from hashlib import sha256
from typing import Any, NamedTuple, Protocol

from mailstate.dimail import calls
from mailstate.dimail.expected import Hopes
from mailstate.dimail.lists import Listed, alias_list, first_list, merged, second_list
from mailstate.dimail.node import parse
from mailstate.model.packed import Packed
from mailstate.model.resources import Alias, DomainName, Key, Mailbox
from mailstate.model.rows import in_rows


class Memory(Protocol):
    """Keeps values that JSON has, under digests of all that they follow from; may forget any."""

    def get(self, key: bytes) -> Any:  # noqa: ANN401 - JSON
        """What was put under *key*, if it is still known; else None."""

    def put(self, key: bytes, value: object) -> None:
        """Keep *value*, a small one, under *key*."""


class Told(NamedTuple):
    """The answers that tell the mailboxes of a domain: those of the first API, the second, both."""

    domain: DomainName
    webmail: bool
    first: bytes | None = None
    second: bytes | None = None

    def listed(
        self, hopes: Hopes | None = None, wanted: object = None, second: Listed | None = None
    ) -> Listed:
        """
        What the answers say; with *hopes*, what is *wanted* is first looked for.

        *second* is what that of the second API says, where it is at hand. Raises
        `MalformedAnswerError`.
        """
        rows = in_rows(wanted) if self.webmail else None
        if second is None and self.second is not None:
            second = hopes.second.listed(self.second, rows) if hopes else None
            if second is None:
                node = parse(calls.mailboxes_v2(self.domain), self.second)
                second = second_list(node, self.domain, webmail=self.webmail)
        if self.first is not None:
            first = hopes.first.listed(self.first, rows) if hopes else None
            if first is None:
                node = parse(calls.mailboxes(self.domain), self.first)
                first = first_list(node, self.domain, webmail=self.webmail)
            return first if second is None else merged(second, first)
        assert second is not None, "there is an answer of one of the two"  # noqa: S101 - an invariant of the type
        return second

    def mailboxes(self) -> Mapping[Key, Mailbox]:
        """The mailboxes alone."""
        return self.listed().mailboxes

    def digest(self, wanted: bytes = b"") -> bytes:
        """A name for the answers and the way they are read, and for what is *wanted*."""
        first, second = self.first or b"", self.second or b""
        form = (self.webmail, self.first is not None, self.second is not None)
        return _digest(b"%d %d %d" % form, self.domain, first, second, wanted)


class Mailboxes(NamedTuple):
    """
    The mailboxes of a domain, and what is known of them without unpacking.

    `may_hide` is whether one of those that were asked for may be half-made without being told.
    `listed` is what the answers say, where they were read just now.
    """

    mailboxes: Mapping[Key, Mailbox]
    half_made: frozenset[Key]
    tells_active: bool
    may_hide: bool
    listed: Listed | None = None


def mailboxes(
    told: Told,
    wanted: Collection[Key],
    hopes: Hopes,
    memory: Memory | None,
    *,
    second: Listed | None = None,
) -> Mailboxes:
    """
    The mailboxes that *told* tells; *wanted* are those that the files ask for.

    Raises `MalformedAnswerError`, unless *memory* has it that the answers are sound.
    """
    asked = wanted.digest if memory is not None and isinstance(wanted, Packed) else b""
    digest = told.digest(asked) if asked else b""
    found = _recalled(memory.get(digest)) if memory is not None and digest else None
    listed = None
    if found is None:
        listed = told.listed(hopes, wanted, second)
        may_hide = told.first is None and listed.may_hide(wanted)
        found = listed.half_made, listed.tells_active, may_hide
        if memory is not None and digest and len(listed.half_made) <= _FEW:
            memory.put(digest, [sorted(listed.half_made), *found[1:]])
    half_made, tells_active, may_hide = found
    return Mailboxes(
        mailboxes=Packed(
            told.mailboxes, digest=digest, at_hand=None if listed is None else listed.mailboxes
        ),
        half_made=half_made,
        tells_active=tells_active,
        may_hide=may_hide,
        listed=listed,
    )


def aliases(body: bytes, domain: DomainName, memory: Memory | None) -> Mapping[Key, Alias]:
    """The aliases that *body* tells. Raises `MalformedAnswerError` as `mailboxes` does."""
    if body == b"[]":
        return _NO_ALIASES
    unpack = partial(_aliases, body, domain)
    if memory is None:
        return Packed(unpack, at_hand=unpack())
    digest = _digest(b"aliases", domain, body)
    if memory.get(digest) == _SOUND:
        return Packed(unpack, digest=digest)
    found = unpack()
    memory.put(digest, _SOUND)
    return Packed(unpack, digest=digest, at_hand=found)


_FEW = 16
"""More half-made mailboxes of a domain are not worth remembering."""

_SOUND = "sound"


def _aliases(body: bytes, domain: DomainName) -> Mapping[Key, Alias]:
    return alias_list(parse(calls.aliases(domain), body), domain)


def _recalled(kept: Any) -> tuple[frozenset[Key], bool, bool] | None:  # noqa: ANN401 - JSON
    """What *kept* says, if it is what was put."""
    try:
        half_made, tells_active, may_hide = kept
        return frozenset(map(Key, half_made)), bool(tells_active), bool(may_hide)
    except (ValueError, TypeError):
        return None


def _digest(
    form: bytes, domain: DomainName, first: bytes, second: bytes = b"", wanted: bytes = b""
) -> bytes:
    """A digest that names all of these, and none the less where one ends and the next begins."""
    name = domain.encode()
    lengths = len(name), len(first), len(second), len(wanted)
    whole = b"%b %d %d %d %d %b%b%b%b" % (form, *lengths, name, first, second, wanted)
    return sha256(whole).digest()


_NO_ALIASES: Packed[Key, Alias] = Packed(dict, count=0, digest=sha256(b"no aliases").digest())
