"""Where the links of a view lead."""

from typing import NamedTuple


class Links(NamedTuple):
    """The addresses of the files at the commit that is planned, and of the run that planned."""

    files: str | None = None
    run: str | None = None
