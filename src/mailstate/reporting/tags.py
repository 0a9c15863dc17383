"""Text as HTML, with values that stay what they are: text, within code."""

from collections.abc import Iterable
from html import escape
from importlib import resources

from mailstate.errors import Place
from mailstate.reporting.paint import visible
from mailstate.reporting.pieces import Altered, Piece, Value, prose, separated
from mailstate.reporting.spans import address


def code(value: Value | str) -> str:
    """*value* as code, or as an italic word of ours if there is nothing in it."""
    shown = value.shown if isinstance(value, Value) else Value(value).shown
    return f"<code>{escape(shown)}</code>" if shown else "<em>empty</em>"


def attribute(value: str) -> str:
    """*value* as it stands between the quotes of an attribute."""
    return escape(visible(value))


def joined(pieces: Iterable[Piece | Altered]) -> str:
    """Words of ours as they are, values as code, and what they were and will be."""
    return "".join(f"{before}{_span(piece)}" for before, piece in separated(pieces))


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


def _span(piece: Piece | Altered) -> str:
    match piece:
        case Altered(name=name, before=before, after=after):
            was = f"<del>{_span(before)}</del>" if isinstance(before, Value) else _span(before)
            return (
                f"{escape(name)} {was} "
                f'<span aria-hidden="true">→</span><span class="aside">becomes</span> '
                f"<ins>{_span(after)}</ins>"
            )
        case Value():
            return code(piece)
        case _:
            return escape(piece)
