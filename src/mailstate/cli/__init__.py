"""The command line: wires the other packages, prints, and exits."""

from mailstate.cli.main import run

__all__ = ["run"]
