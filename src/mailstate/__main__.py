"""The `mailstate` command."""

import gc
import os
import sys

from mailstate import __version__

_WIDTH = 80
"""What `help.txt` was written for; it is what click makes of it there, as `make docs` keeps it."""

_LASTING = {"apply", "notify", "sandbox"}
"""The commands that may be at work for hours; whatever else there is ends when it has answered."""


def main() -> None:
    """Run the command line; exits with a code of `mailstate.errors.ExitCode`."""
    # What scripts and people ask most often is answered before anything is imported.
    match sys.argv[1:]:
        case ["--version"] if _is_told(f"mailstate {__version__}\n"):
            return
        case ["-h" | "--help"] if _has_usual_width() and _is_told(_help()):
            return
        case _:
            pass
    if not {*sys.argv[1:2]} & _LASTING:
        # Looking for cycles takes up to a tenth of a large plan, and finds hardly any.
        gc.disable()
    from mailstate.cli import run  # noqa: PLC0415

    code = run(sys.argv[1:])
    # The interpreter would look through all of it for cycles once more, only to throw it away.
    gc.freeze()
    sys.exit(code)


def _help() -> str:
    with open(f"{os.path.dirname(__file__)}/help.txt", encoding="utf-8") as file:  # noqa: PTH120, PTH123
        return file.read()


def _has_usual_width() -> bool:
    """Whether what is printed is not to be laid out for a narrow terminal."""
    try:
        return "COLUMNS" not in os.environ and os.get_terminal_size(1).columns >= _WIDTH
    except OSError:
        return True  # it goes to a file or to another program


def _is_told(text: str) -> bool:
    """Print *text*; where it cannot be, the usual way finds out why."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except (AttributeError, OSError):
        return False
    return True


if __name__ == "__main__":
    main()
