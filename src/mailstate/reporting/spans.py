"""
Text as GitHub's Markdown, with values that stay what they are: text.

A value stands in a code span. Nothing in one is read as mark-up, and GitHub neither notifies
anybody from there nor makes links of addresses, numbers or hashes. (Entities within `<code>` would
not do: GitHub makes links of e-mail addresses there.)
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from html import escape
from urllib.parse import quote

from mailstate.errors import Place
from mailstate.reporting.pieces import Altered, Piece, Value, prose, spaced

_LONGEST_FENCE = 8


def code(value: Value | str) -> str:
    """*value* as a code span, or as an italic word of ours if there is nothing in it."""
    text = _short_runs(value.shown if isinstance(value, Value) else Value(value).shown)
    if not text:
        return "*empty*"
    fence = "`" * (_longest_run(text) + 1)
    # The parser takes one blank from each end, unless there is nothing but blanks.
    is_padded = text.strip(" ") and (text[0] in "` " or text[-1] in "` ")
    return f"{fence} {text} {fence}" if is_padded else f"{fence}{text}{fence}"


def block(lines: Iterable[str]) -> str:
    """*lines* as a block of code, which GitHub lets its reader copy."""
    shown = [_short_runs(Value(line).shown) for line in lines]
    fence = "`" * max(3, *(_longest_run(line) + 1 for line in shown))
    return "\n".join((f"{fence}text", *shown, fence, ""))


def in_html(value: str) -> str:
    """*value* where Markdown is not read, within the summary of a fold."""
    # In <code> GitHub leaves mentions and numbers alone; these are all that it looks for here.
    return f"<code>{escape(Value(value).shown)}</code>"


def joined(pieces: Iterable[Piece | Altered]) -> str:
    """Words of ours as they are, values as code."""
    return spaced(pieces, _span)


def sentence(text: str) -> str:
    """A sentence in which names of others may stand."""
    return joined(prose(text))


def place_link(place: Place, base: str | None) -> str:
    """Where something is written, as a link if *base*, the address of the files, is known."""
    shown = code(f"{place.file}:{place.line}")
    target = address(place, base)
    return f"[{shown}]({target})" if target else shown


def address(place: Place, base: str | None) -> str | None:
    """Where to read what is written at *place*, if that lies below *base*."""
    path = None if base is None else _quoted(place.file)
    return None if path is None else f"{base}/{path}#L{place.line}"


@lru_cache(maxsize=256)
def _quoted(file: str) -> str | None:
    """The path of *file* as it stands in an address, if it lies below where paths start."""
    parts = file.split("/")
    if not all(parts) or {".", ".."} & set(parts):
        return None
    return "/".join(quote(part, safe="", errors="replace") for part in parts)


def _span(piece: Piece | Altered) -> str:
    match piece:
        case Value():
            return code(piece)
        case Altered(name=name, before=before, after=after):
            return f"{name} {_span(before)} → {_span(after)}"
        case _:
            return piece


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)


def _short_runs(text: str) -> str:
    # Parsers give up on long fences; cmark at 80.
    return re.sub(f"`{{{_LONGEST_FENCE},}}", lambda run: r"\u0060" * len(run[0]), text)
