"""
The files of a directory while an import changes them: what was added can be taken back.

The rules alone decide what may stay: all files are read strictly, and each addition that a problem
points at is taken back, until nothing is wrong.
"""

from collections.abc import Callable
from collections.abc import Mapping as Table
from collections.abc import Sequence as Row
from typing import TypeAlias

from mailstate.errors import FilesError, Problem, Severity
from mailstate.model.resources import DomainName
from mailstate.statefiles.editing import drop, entries, own_mapping
from mailstate.statefiles.layout import lay_out
from mailstate.statefiles.names import domain_name
from mailstate.statefiles.reader import read_sources
from mailstate.statefiles.text import decode
from mailstate.statefiles.tree import File, Mapping, Sequence, Slot, parse

Undo = Callable[[str], None]
"""Takes a change back; what it is given is the rule that the change would break."""

_Stacks: TypeAlias = Table[str, Row[tuple[Slot, ...]]]

WAITING = ".todo"
"""What is added to the name of a file that has no owner yet: it is no state file then."""

_NO_OWNER = "domain-without-owner"


class Shelf:
    """State files as trees, by name; the *sources* are valid together."""

    def __init__(self, sources: Row[tuple[str, bytes]]) -> None:
        self._before = {}
        self.files: dict[str, File] = {}
        for name, data in sources:
            text, _ = decode(name, data)
            self._before[name] = data
            self.files[name] = parse(text or "")
        self._touched: set[str] = set()
        self._undos: dict[int, Undo] = {}
        self._made: list[tuple[Mapping, str]] = []
        self._domains: dict[DomainName, tuple[str, Slot]] = {}
        for name, file in self.files.items():
            for slot, entry in file.root.mappings("domains"):
                domain = domain_name(entry.text("name"))
                assert isinstance(domain, str)  # noqa: S101 - the sources are valid
                self._domains[domain] = (name, slot)

    def domain(self, name: DomainName) -> tuple[str, Mapping]:
        """The file and the entry of the domain *name*, which the sources have, to be changed."""
        file, slot = self._domains[name]
        return file, own_mapping(slot)

    def file(self, name: str) -> File:
        """The file *name*; made if there is none."""
        if name not in self.files:
            self.files[name] = File(root=Mapping())
        return self.files[name]

    def touch(self, file: str) -> None:
        """Know that *file* has changed."""
        self._touched.add(file)

    def list_in(self, file: str, target: Mapping, name: str) -> Sequence:
        """The list *name* of *target*, to be added to; made if there is none."""
        self.touch(file)
        if target.slot(name) is None:
            self._made.append((target, name))
        return entries(target, name)

    def can_undo_on(self, domain: DomainName, undo: Undo) -> None:
        """Know how to take back what was done to the fields of *domain*."""
        self.can_undo(self._domains[domain][1], undo)

    def can_undo(self, slot: Slot, undo: Undo) -> None:
        """Know how to take back what was done to *slot*."""
        self._undos[id(slot)] = undo

    def settle(self) -> None:
        """Take back whatever breaks a rule. Raises `FilesError` if that does not help."""
        while wrong := self._wrong():
            problems, stacks = wrong
            if not self._undos:
                raise FilesError(tuple(problems))
            self._take_back(problems, stacks)
        for target, name in self._made:
            slot = target.slot(name)
            if slot is not None and isinstance(slot.value, Sequence) and not slot.value.slots:
                drop(target, name)

    def texts(self) -> dict[str, str]:
        """The files that have changed, in canonical form."""
        texts = {name: lay_out(self.files[name]).text for name in sorted(self._touched)}
        return {
            name: text for name, text in texts.items() if text.encode() != self._before.get(name)
        }

    def sources(self, texts: Table[str, str]) -> list[tuple[str, bytes]]:
        """The state files with *texts*; those that wait for an owner are left aside."""
        return [
            (name, texts[name].encode() if name in texts else self._before[name])
            for name in self.files
            if not name.endswith(WAITING)
        ]

    def _wrong(self) -> tuple[list[Problem], _Stacks] | None:
        """What is wrong now, and what is written in each line; None if nothing is."""
        if not self._touched:
            return None
        sources, stacks = [], {}
        for name, file in self.files.items():
            if name not in self._touched:
                sources.append((name, self._before[name]))
                continue
            layout = lay_out(file, width=0)
            stacks[name] = layout.slots
            sources.append((name, layout.text.encode()))
        problems = [
            problem
            for problem in read_sources(sources).problems
            if problem.severity is Severity.ERROR and not _is_expected(problem)
        ]
        return (problems, stacks) if problems else None

    def _take_back(self, wrong: Row[Problem], stacks: _Stacks) -> None:
        done = False
        for problem in wrong:
            lines = stacks.get(problem.place.file, ())
            stack = lines[problem.place.line - 1] if problem.place.line <= len(lines) else ()
            for slot in reversed(stack):
                undo = self._undos.pop(id(slot), None)
                if undo is not None:
                    undo(problem.rule)
                    done = True
                    break
        if not done:
            # The problem shows where nothing was changed: what caused it lies elsewhere.
            undos, self._undos = self._undos, {}
            for undo in undos.values():
                undo(wrong[0].rule)


def _is_expected(problem: Problem) -> bool:
    return problem.rule == _NO_OWNER and problem.place.file.endswith(WAITING)
