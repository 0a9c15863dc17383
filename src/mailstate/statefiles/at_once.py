"""
The rules of single values, for many of them at once.

Each function gives the same verdict as its namesake of `names` for one value after the other; it
says only yes or no, and takes a tenth of the time: what is looked for is looked for in all texts
together, joined by line breaks, which none of them may hold.
"""

import re
from collections.abc import Sequence

from mailstate.statefiles import names
from mailstate.statefiles.names import (
    DOT_ATOM,
    DROP,
    LOCAL_PART,
    MAX_EMAIL,
    MAX_LOCAL_PART,
    MAX_TEXT,
    RESERVED_LOCAL_PART,
    Fault,
    domain_name,
    text_fault,
)

# None of these looks across a line break, or goes back to a line that has matched.
_are_local_parts = re.compile(rf"(?:{LOCAL_PART}\n)*+").fullmatch
_are_addresses = re.compile(rf"(?:{DOT_ATOM}@[^@\n]*+\n)*+").fullmatch
_domains = re.compile("@(.*)").findall
_NO_BLANKS = ("\n ", " \n", "\n\n")


def are_local_parts(texts: Sequence[str]) -> bool:
    """Whether each of *texts* can be the local part of a mailbox or alias."""
    joined = _lines(texts)
    return (
        RESERVED_LOCAL_PART not in texts
        and _are_local_parts(joined) is not None
        and joined.count("\n") == len(texts)
        and max(map(len, texts), default=0) <= MAX_LOCAL_PART
    )


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
    joined = _lines(texts)
    longest = max(map(len, texts))
    if (
        _are_addresses(joined) is None
        or joined.count("\n") != len(texts)
        or longest > MAX_EMAIL
        or (longest > MAX_LOCAL_PART and any(text.find("@") > MAX_LOCAL_PART for text in texts))
    ):
        return None
    domains = {domain: domain_name(domain.lower()) for domain in {*_domains(joined)}}
    if any(isinstance(domain, Fault) for domain in domains.values()):
        return None
    if all(domain == form for domain, form in domains.items()):
        return list(texts)
    parts = [text.partition("@") for text in texts]
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


def _lines(texts: Sequence[str]) -> str:
    """Each of *texts* with a line break behind it."""
    return "\n".join((*texts, ""))
