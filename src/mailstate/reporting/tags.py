"""Text as HTML, with values that stay what they are: text, within code."""

import re
from collections.abc import Iterable
from html import escape
from importlib import resources

from mailstate.errors import Place
from mailstate.reporting.paint import visible
from mailstate.reporting.pieces import Altered, Piece, Value, prose, spaced
from mailstate.reporting.spans import address


def code(value: Value | str) -> str:
    """*value* as code, or as an italic word of ours if there is nothing in it."""
    text = value.text if isinstance(value, Value) else value
    if _needs_nothing(text):
        return f"<code>{text}</code>"
    return f"<code>{escape(Value(text).shown)}</code>" if text else "<em>empty</em>"


def attribute(value: str) -> str:
    """*value* as it stands between the quotes of an attribute."""
    return value if _needs_nothing(value) else escape(visible(value))


def joined(pieces: Iterable[Piece | Altered]) -> str:
    """Words of ours as they are, values as code, and what they were and will be."""
    return spaced(pieces, _span)


def sentence(text: str) -> str:
    """A sentence in which names of others may stand."""
    return joined(prose(text))


def place_link(place: Place, base: str | None) -> str:
    """Where something is written, as a link if *base*, the address of the files, is known."""
    shown = code(f"{place.file}:{place.line}")
    target = address(place, base)
    return f'<a href="{escape(target)}">{shown}</a>' if target else shown


def asset(name: str) -> str:
    """A part of the page that is the same for every plan."""
    return (resources.files("mailstate.reporting") / "page" / name).read_text("utf-8")


# Nothing that `visible` or `escape` would touch: neither what they replace anywhere, nor what they
# replace at the start or beyond some length. Most values are like that.
_FIRST = r"!$%(-9;=?-Z\\-~\xa1-\xac\xae-\u02ff"
_needs_nothing = re.compile(f"[{_FIRST}][{_FIRST}: ]{{0,499}}").fullmatch


def _span(piece: Piece | Altered) -> str:
    match piece:
        case Value():
            return code(piece)
        case Altered(name=name, before=before, after=after):
            was = f"<del>{_span(before)}</del>" if isinstance(before, Value) else _span(before)
            return (
                f"{escape(name)} {was} "
                f'<span aria-hidden="true">→</span><span class="aside">becomes</span> '
                f"<ins>{_span(after)}</ins>"
            )
        case _:
            return piece if _needs_nothing(piece) else escape(piece)
