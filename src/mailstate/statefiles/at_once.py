"""
The rules of single values, for many of them at once.

Each function gives the same verdict as its namesake of `names` for one value after the other; it
says only yes or no, and takes a tenth of the time: what is looked for is looked for in all texts
together, joined by line breaks, which none of them may hold.
"""

from collections.abc import Sequence

from mailstate.statefiles import names
from mailstate.statefiles.names import (
    DROP,
    MAX_EMAIL,
    MAX_LOCAL_PART,
    MAX_TEXT,
    RESERVED_LOCAL_PART,
    Fault,
    domain_name,
    text_fault,
)

_LOCAL_PART = b"abcdefghijklmnopqrstuvwxyz0123456789_-"
# RFC 5322 §3.2.3: atext.
_ATOM = _LOCAL_PART + b"ABCDEFGHIJKLMNOPQRSTUVWXYZ!#$%&'*+/=?^`{|}~"
_NO_DOTS = (b"..", b"\n.", b".\n", b"\n\n")
_NO_BLANKS = ("\n ", " \n", "\n\n")


def are_local_parts(texts: Sequence[str]) -> bool:
    """Whether each of *texts* can be the local part of a mailbox or alias."""
    return RESERVED_LOCAL_PART not in texts and _are_dot_strings(texts, _LOCAL_PART)


def are_texts(texts: Sequence[str]) -> bool:
    """Whether each of *texts* is a name for people."""
    if not texts:
        return True
    if not "".join(texts).isprintable():
        return all(text_fault(text) is None for text in texts)
    # The only blank that can be printed is the space.
    joined = "\n".join(("", *texts, ""))
    return max(map(len, texts)) <= MAX_TEXT and not any(pair in joined for pair in _NO_BLANKS)


def email_addresses(texts: Sequence[str]) -> list[str] | None:
    """Each of *texts* with its domain in A-labels; None if one of them is no address."""
    if not texts:
        return []
    parts = [text.rpartition("@") for text in texts]
    written = {domain for _, _, domain in parts}
    domains = {domain: domain_name(domain.lower()) for domain in written}
    if (
        max(map(len, texts)) > MAX_EMAIL
        or any(isinstance(domain, Fault) for domain in domains.values())
        or not _are_dot_strings([local for local, _, _ in parts], _ATOM)
    ):
        return None
    if all(domain == form for domain, form in domains.items()):
        return list(texts)
    return [f"{local}@{domains[domain]}" for local, _, domain in parts]


def destinations(texts: Sequence[str]) -> list[str] | None:
    """Where *texts* lead, in the form in which it is compared; None if one of them is faulty."""
    lower = [text.lower() for text in texts]
    found = email_addresses([text for text in texts if text.lower() != DROP])
    if found is None:
        return None
    rest = iter(found)
    return [DROP if text == DROP else next(rest).lower() for text in lower]


def nfc(texts: Sequence[str]) -> list[str]:
    """Each of *texts*, which hold no line breaks, in Unicode NFC."""
    joined = "\n".join(texts)
    normal = names.nfc(joined)
    return list(texts) if normal == joined else normal.split("\n")


def folded(texts: Sequence[str]) -> list[str]:
    """The form of each of *texts*, which hold no line breaks, that all its spellings share."""
    # Neither NFC nor case folding looks across a line break.
    joined = "\n".join(texts)
    same = joined.lower() if joined.isascii() else names.nfc(names.nfc(joined).casefold())
    return same.split("\n") if texts else []


def _are_dot_strings(texts: Sequence[str], characters: bytes) -> bool:
    """Whether all *texts* are of *characters*, with dots between them, and not too long."""
    if not texts:
        return True
    joined = "\n".join(("", *texts, "")).encode("utf-8", "surrogatepass")
    return (
        max(map(len, texts)) <= MAX_LOCAL_PART
        and joined.count(b"\n") == len(texts) + 1
        and not joined.translate(None, characters + b".\n")
        and not any(pair in joined for pair in _NO_DOTS)
    )
