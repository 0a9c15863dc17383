"""
What a journal remembers of earlier runs: to whom a letter is still due, and how the last one ended.

Each run names its dimail, and what a journal remembers of one dimail is nothing to another.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from mailstate.errors import SettingsError
from mailstate.model.resources import DomainName, Key, Kind
from mailstate.planning.plan import Action

_BEGINNING = b'{"at": "'


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """A run that did not come to its end: how many of its changes did."""

    done: int
    failed: int
    unknown: int
    not_begun: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """
    What a journal remembers of the runs against one dimail.

    `unwelcomed` are the mailboxes whose creation was begun and whose holder, as far as the
    journal tells, got no letter: not delivered, not known to be made, or killed in between.
    `told` is how each domain stood when its support address last heard of it. `held` is since when
    each change waits that no run has tried since. `unfinished` is the last run, if it was killed,
    or is still under way.
    """

    unwelcomed: tuple[Key, ...] = ()
    told: Mapping[DomainName, str] = field(default_factory=dict)
    held: Mapping[Key, datetime] = field(default_factory=dict)
    unfinished: Unfinished | None = None


def remembered(path: Path) -> Mapping[str, Memory]:
    """
    What the journal at *path* remembers, by the dimail; nothing if there is none yet.

    Lines that were torn by a kill or a full disk are passed over. Raises `SettingsError` for a
    file that is no journal. A pipe or a device remembers nothing, and might never end.
    """
    reading = _Reading()
    for line in _lines(path):
        try:
            reading.take_in(json.loads(line))
        except ValueError:
            if not _is_torn(line):
                raise _no_journal(path) from None
        except (KeyError, TypeError, AttributeError, RecursionError):
            raise _no_journal(path) from None
    return {target: one.memory() for target, one in reading.by_target.items()}


@dataclass(slots=True)
class _Recollection:
    """What is read of one dimail; `begun` and `planned` are of its last run."""

    unwelcomed: dict[Key, None] = field(default_factory=dict)
    owed_before: set[Key] = field(default_factory=set)
    told: dict[DomainName, str] = field(default_factory=dict)
    held: dict[Key, datetime] = field(default_factory=dict)
    begun: dict[Key, str] = field(default_factory=dict)
    ended: dict[str, int] = field(default_factory=dict)
    planned: int = 0
    writes_letters: bool = True
    is_over: bool = True

    def memory(self) -> Memory:
        unfinished = None
        if not self.is_over:
            unknown = len(self.begun) + self.ended.get("unknown", 0)
            done, failed = self.ended.get("applied", 0), self.ended.get("failed", 0)
            unfinished = Unfinished(
                done=done,
                failed=failed,
                unknown=unknown,
                not_begun=self.planned - done - failed - unknown,
            )
        return Memory(
            unwelcomed=tuple(self.unwelcomed), told=self.told, held=self.held, unfinished=unfinished
        )

    def run(self, event: Mapping[str, Any]) -> None:
        self.begun.clear()
        self.ended.clear()
        self.planned = len(event["planned"])
        self.writes_letters = event.get("letters", True)
        self.is_over = False

    def begin(self, key: Key, action: str) -> None:
        self.begun[key] = action
        if action == Action.CREATE and key.startswith(f"{Kind.MAILBOX}/") and self.writes_letters:
            if key in self.unwelcomed:
                self.owed_before.add(key)
            else:
                self.owed_before.discard(key)
                self.unwelcomed[key] = None

    def end(self, key: Key, event: Mapping[str, Any]) -> None:
        outcome = "unknown" if event.get("unknown") else event["outcome"]
        self.ended[outcome] = self.ended.get(outcome, 0) + 1
        if outcome == "held":
            self.held.setdefault(key, datetime.fromisoformat(event["at"]))
        else:
            self.held.pop(key, None)
        match self.begun.pop(key, None), event["letter"], outcome:
            case (_, "delivered", _) | (Action.DELETE, _, "applied"):
                self.settle(key)
            case Action.CREATE, None, "applied" | "failed" if key not in self.owed_before:
                # None was due. What failed for good is not there to be told.
                self.settle(key)
            case _:
                # What was owed before may have been made by that earlier run, its answer lost.
                pass

    def settle(self, key: Key) -> None:
        self.unwelcomed.pop(key, None)


class _Reading:
    """Takes in a journal line by line, in the order of time."""

    def __init__(self) -> None:
        self.by_target: dict[str, _Recollection] = {}
        self._here = _Recollection()  # what stands before the first run belongs to none

    def take_in(self, event: Mapping[str, Any]) -> None:
        match event["event"]:
            case "run":
                self._here = self._of(event["target"])
                self._here.run(event)
            case "begun":
                self._here.begin(Key(event["address"]), event["action"])
            case "ended":
                self._here.end(Key(event["address"]), event)
            case "notified" if event["letter"] in {"delivered", "settled"}:
                where = self._of(event["target"]) if "target" in event else self._here
                where.settle(Key(event["address"]))
            case "told":
                self._here.told[DomainName(event["domain"])] = event["standing"]
            case "finished":
                self._here.is_over = True
            case _:
                pass

    def _of(self, target: str) -> _Recollection:
        return self.by_target.setdefault(target, _Recollection())


def _lines(path: Path) -> Iterator[bytes]:
    """The lines of *path*, one at a time: a journal that is kept for years is long."""
    if path.exists() and not path.is_file() and not path.is_dir():
        return
    try:
        with path.open("rb") as file:
            yield from file
    except FileNotFoundError:
        return
    except OSError:
        raise _no_journal(path) from None


def _is_torn(line: bytes) -> bool:
    """
    Whether *line*, which is no JSON, is the beginning of a line of ours.

    After a power cut a file may end in zeros: the room for a line, without the line.
    """
    return line.startswith(_BEGINNING) or _BEGINNING.startswith(line.rstrip(b"\0\n"))


def _no_journal(path: Path) -> SettingsError:
    return SettingsError(
        f"{path} is no journal of mailstate that can be read",
        hint="name the file that was given to `mailstate apply --journal`",
    )
