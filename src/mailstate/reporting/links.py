"""Where the links of a view lead."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """The addresses of the files at the commit that is planned, and of the run that planned."""

    files: str | None = None
    run: str | None = None
