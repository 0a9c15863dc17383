"""Commands to the runner of GitHub Actions, with which it shows notes on lines of files."""

from mailstate.errors import Place
from mailstate.reporting.paint import visible


def annotation(
    level: str, message: str, *, title: str, place: Place | None, below: str = ""
) -> str:
    """
    A note of *level* error, warning or notice; without *place*, of the run as a whole.

    The forge knows files by their way from the root of the checkout, in which the working
    directory is *below*.
    """
    where = ""
    if place:
        is_far = not below or place.file.startswith("/")
        file = place.file if is_far else f"{below}/{place.file}"
        where = f"file={_property(file)},line={place.line},col={place.column},"
    return f"::{level} {where}title={_property(title)}::{_data(message)}\n"


def _data(text: str) -> str:
    """*text* as the message of a workflow command (escapes as the runner undoes them)."""
    return visible(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
