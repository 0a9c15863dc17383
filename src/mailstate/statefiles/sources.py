"""
The contents of the files, and what was found out about the same contents before.

A parcel is known by the content of its file alone, wherever that lies; a verdict by the names and
contents of all files. Both are rows of a cache, and nothing is known without one.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import astuple
from hashlib import sha256

from mailstate.errors import Place, Problem, Severity
from mailstate.statefiles.cache import Cache
from mailstate.statefiles.files import Files
from mailstate.statefiles.gathered import Gathered
from mailstate.statefiles.parcel import FileFacts, pack, unpack
from mailstate.statefiles.reading import Counts, Verdict

LEAST_BYTES = 256 * 1024
"""Less than this is read anew sooner than looked up."""

MOST_BYTES = 32 * 1024 * 1024
"""What all files declare together is kept if it is no more than this: others need room, too."""

_AT_ONCE = 32
"""How many parcels are looked for together."""


class Sources:
    """
    *contents* of files by their names, each looked at once or twice.

    What a file holds at the last look counts: where it is another thing than at the first, nothing
    is known of it.
    """

    def __init__(self, contents: Mapping[str, bytes], cache: Cache | None) -> None:
        self._contents = contents
        self._files = tuple(sorted(contents))
        self._digests: dict[str, bytes] = {}
        self._is_kept = False
        if cache is not None and cache.is_there:
            self._parcels = cache.shelf("parcel")
            self._verdicts = cache.shelf("verdict")
            self._gathered = cache.shelf("gathered")
            if cache.is_new and isinstance(contents, Files):
                # Nothing is known: to look at each when it is judged will do.
                self._is_kept = contents.have(LEAST_BYTES)
            else:
                self._look_at_all()

    def _look_at_all(self) -> None:
        size = 0
        digests = {}
        for file in self._files:
            content = self._contents[file]
            digests[file] = sha256(content).digest()
            size += len(content)
        if size >= LEAST_BYTES:
            self._is_kept = True
            self._digests = digests

    @property
    def files(self) -> tuple[str, ...]:
        """Their names, sorted."""
        return self._files

    def content(self, file: str) -> bytes:
        """What *file* holds now."""
        content = self._contents[file]
        if self._is_kept:
            self._digests[file] = sha256(content).digest()
        return content

    def facts(self) -> Iterator[tuple[str, FileFacts | None]]:
        """Each of their names, and what it declares, if that is known."""
        if not self._digests:
            yield from ((file, None) for file in self._files)
            return
        for start in range(0, len(self._files), _AT_ONCE):
            names = {file: self._digests[file] for file in self._files[start : start + _AT_ONCE]}
            parcels = self._parcels.find(names.values())
            for file, name in names.items():
                parcel = parcels.get(name)
                yield file, None if parcel is None else unpack(parcel)

    def keep_facts(self, file: str, facts: FileFacts) -> None:
        """Let it be known that *file* declares *facts*, as it was at the last look."""
        if self._is_kept:
            self._parcels.put(self._digests[file], pack(facts))

    def verdict(self) -> Verdict | None:
        """The verdict on all of them together, if it is known."""
        found = self._verdicts.get(self._name()) if self._has_seen_all() else None
        return None if found is None else _verdict(found, self._files)

    def keep_verdict(self, verdict: Verdict) -> None:
        """Let it be known that *verdict* is that on all of them, as they were at the last look."""
        if self._has_seen_all():
            self._verdicts.put(self._name(), _text(verdict))

    def gathered(self) -> bytes | None:
        """The text of what they declare together, if it is known."""
        return self._gathered.get(self._name()) if self._has_seen_all() else None

    def keep_gathered(self, gathered: Gathered) -> None:
        """Let it be known that *gathered* is what they declare, as they were at the last look."""
        if self._has_seen_all() and len(text := gathered.text()) <= MOST_BYTES:
            self._gathered.put(self._name(), text)

    def _has_seen_all(self) -> bool:
        return self._is_kept and len(self._digests) == len(self._files)

    def _name(self) -> bytes:
        # No name of a file holds a zero, and digests have one length.
        names = "\0".join((*self._files, "")).encode("utf-8", "surrogatepass")
        return sha256(b"".join((names, *map(self._digests.__getitem__, self._files)))).digest()


def _text(verdict: Verdict) -> bytes:
    told = [
        (*astuple(problem.place), problem.rule, problem.message, problem.hint, problem.severity)
        for problem in verdict.problems
    ]
    return json.dumps((verdict.counts, told)).encode()


def _verdict(text: bytes, files: tuple[str, ...]) -> Verdict:
    counts, told = json.loads(text)
    return Verdict(
        counts=None if counts is None else Counts(*counts),
        problems=tuple(
            Problem(
                place=Place(file, line, column),
                rule=rule,
                message=message,
                hint=hint,
                severity=Severity(severity),
            )
            for file, line, column, rule, message, hint, severity in told
        ),
        files=files,
    )
