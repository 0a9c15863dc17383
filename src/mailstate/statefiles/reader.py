"""
The state files as a whole: paths, or bytes, to a desired state and every problem on the way.

There are two ways to it, with equal results. The quick one (`whole`) judges file by file, keeps of
each a parcel of what it declares, and then judges what lies between the parcels; what it finds out
is remembered in a cache, by content. It gives up as soon as an error is to be told. The full one
(`full`) then reads everything again, holds all of it, and tells each problem in its words.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from mailstate.errors import Problem
from mailstate.statefiles.cache import Cache
from mailstate.statefiles.collector import without_collector
from mailstate.statefiles.files import Files, UnreadableError, find_files, read_found
from mailstate.statefiles.reading import Reading, Verdict
from mailstate.statefiles.sources import Sources

_Contents: TypeAlias = list[tuple[str, bytes]]


@without_collector()
def read(paths: Sequence[Path], *, cache: Cache | None = None) -> Reading:
    """
    What the state files at *paths* say. Directories are walked, files are taken as they are.

    Every fault of every file is told in one go; none raises. *cache* changes no answer.
    """
    return _Files(paths, cache).reading()


@without_collector()
def verdict(paths: Sequence[Path], *, cache: Cache | None = None) -> Verdict:
    """Whether the state files at *paths* are in order: that of `read`, sooner where it is known."""
    files = _Files(paths, cache)
    known = None if files.sources is None else files.sources.verdict()
    return known or files.reading().verdict


@without_collector()
def read_sources(
    sources: Iterable[tuple[str, bytes]],
    file_problems: Iterable[Problem] = (),
    *,
    cache: Cache | None = None,
) -> Reading:
    """
    What *sources* say: pairs of a file's name and its content. The pure core of `read`.

    *file_problems* are those of files that could not be read: what they may declare is unknown.
    """
    given, problems = list(sources), list(file_problems)
    contents = dict(given)
    is_plain = not problems and len(contents) == len(given)
    found = Sources(contents, cache) if is_plain else None
    return _reading(found, lambda: (given, problems), cache)


class _Files:
    """The files at *paths*; `sources` is None if any of them is in the way, or cannot be read."""

    def __init__(self, paths: Sequence[Path], cache: Cache | None) -> None:
        self._cache = cache
        self._names, self._problems = find_files(paths)
        self.sources: Sources | None = None
        with suppress(UnreadableError):
            self.sources = None if self._problems else Sources(Files(self._names), cache)

    def reading(self) -> Reading:
        """What they say."""
        return _reading(self.sources, self._contents, self._cache)

    def _contents(self) -> tuple[_Contents, list[Problem]]:
        found, problems = read_found(self._names)
        return found, [*self._problems, *problems]


def _reading(
    sources: Sources | None,
    contents: Callable[[], tuple[_Contents, list[Problem]]],
    cache: Cache | None,
) -> Reading:
    """What *sources* say; where the quick way does not lead to it, what *contents* say."""
    # Whoever asks for a verdict that is known needs no reader of YAML, and hardly anybody the full.
    if sources is not None:
        known = sources.verdict()
        if known is not None and known.counts is None:
            return Reading(desired=None, problems=known.problems, files=known.files)
        from mailstate.statefiles.whole import quick_reading  # noqa: PLC0415

        try:
            quick = quick_reading(sources)
        except UnreadableError:
            quick = None
        if quick is not None:
            sources.keep_verdict(quick.verdict)
            return quick
    from mailstate.statefiles.full import full_reading  # noqa: PLC0415

    given, problems = contents()
    reading = full_reading(given, problems)
    if sources is not None and not problems:
        # They may hold something else by now.
        Sources(dict(given), cache).keep_verdict(reading.verdict)
    return reading
