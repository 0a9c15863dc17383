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
from typing import TYPE_CHECKING, TypeAlias

from mailstate.errors import Problem
from mailstate.statefiles.cache import Cache
from mailstate.statefiles.collector import without_collector
from mailstate.statefiles.files import Files, UnreadableError, find_files, read_found
from mailstate.statefiles.reading import Reading, Verdict
from mailstate.statefiles.sources import Sources

if TYPE_CHECKING:
    from mailstate.statefiles.whole import Sound

_Contents: TypeAlias = list[tuple[str, bytes]]


@without_collector()
def read(paths: Sequence[Path], *, cache: Cache | None = None) -> Reading:
    """
    What the state files at *paths* say. Directories are walked, files are taken as they are.

    Every fault of every file is told in one go; none raises. *cache* changes no answer.
    """
    return _at(paths, cache).reading()


@without_collector()
def verdict(paths: Sequence[Path], *, cache: Cache | None = None) -> Verdict:
    """Whether the state files at *paths* are in order: that of `read`, and sooner."""
    return _at(paths, cache).verdict()


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
    return _Files(found, lambda: (given, problems), cache).reading()


def _at(paths: Sequence[Path], cache: Cache | None) -> "_Files":
    """The files at *paths*."""
    names, problems = find_files(paths)

    def contents() -> tuple[_Contents, list[Problem]]:
        found, unread = read_found(names)
        return found, [*problems, *unread]

    sources = None
    with suppress(UnreadableError):
        sources = None if problems else Sources(Files(names), cache)
    return _Files(sources, contents, cache)


class _Files:
    """
    Files on their two ways: *sources* for the quick one, *contents* for the full one.

    *sources* is None if some file is in the way, or cannot be read.
    """

    def __init__(
        self,
        sources: Sources | None,
        contents: Callable[[], tuple[_Contents, list[Problem]]],
        cache: Cache | None,
    ) -> None:
        self._sources = sources
        self._contents = contents
        self._cache = cache

    def verdict(self) -> Verdict:
        """Whether they are in order."""
        known = self._known()
        if known is not None:
            return known
        sound = self._judged()
        return self._read().verdict if sound is None else sound.verdict()

    def reading(self) -> Reading:
        """
        What they say.

        A verdict that is known, if it is a bad one, is all of it. If it is a good one, the row of
        all that they declare may be there. Else each file is judged, or found among the parcels.
        """
        known = self._known()
        if known is not None and known.counts is None:
            return Reading(desired=None, problems=known.problems, files=known.files)
        # Whoever asks for a verdict that is known needs neither this nor a reader of YAML.
        from mailstate.statefiles.gathered import from_text  # noqa: PLC0415

        text = self._sources.gathered() if self._sources is not None and known is not None else None
        if known is not None and text is not None:
            desired = from_text(text).state()
            return Reading(desired=desired, problems=known.problems, files=known.files)
        sound = self._judged()
        if sound is None:
            return self._read()
        gathered = sound.gathered()
        if self._sources is not None and known is not None:
            # The same files a second time: they may be asked for a third time.
            self._sources.keep_gathered(gathered)
        problems, files = sound.problems, tuple(sound.files)
        return Reading(desired=gathered.state(), problems=problems, files=files)

    def _known(self) -> Verdict | None:
        return None if self._sources is None else self._sources.verdict()

    def _judged(self) -> "Sound | None":
        from mailstate.statefiles.whole import judged  # noqa: PLC0415 - as above

        sound = None
        if self._sources is not None:
            with suppress(UnreadableError):
                sound = judged(self._sources)
            if sound is not None:
                self._sources.keep_verdict(sound.verdict())
        return sound

    def _read(self) -> Reading:
        from mailstate.statefiles.full import full_reading  # noqa: PLC0415 - as above

        given, problems = self._contents()
        reading = full_reading(given, problems)
        if self._sources is not None and not problems:
            # The files may hold something else by now.
            Sources(dict(given), self._cache).keep_verdict(reading.verdict)
        return reading
