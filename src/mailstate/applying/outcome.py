"""What became of each change of a plan: nothing planned is left without a word."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import assert_never

from mailstate.model.resources import Key
from mailstate.planning.plan import Change, Hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What became of the confirmation for a new mailbox; nothing of what it holds."""

    to: str
    is_delivered: bool
    detail: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LateLetter:
    """What became of a confirmation that an earlier run owed to the holder of a mailbox."""

    key: Key
    letter: Letter


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """
    Done, and known to be done. `note` says how, where it was not by a plain answer.

    `password_lost` marks a mailbox whose creation was found by reading back: it exists, but its
    first password went down with the answer. `letter` is None where none was to be sent.
    """

    change: Change
    note: str = ""
    password_lost: bool = False
    letter: Letter | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """
    Not done, or not known to be done (`is_unknown`); the next run looks again.

    A mailbox that was made and is not yet as asked has its `letter` all the same.
    """

    change: Change
    message: str
    hint: str = ""
    is_unknown: bool = False
    letter: Letter | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """Not tried, because what it needs has failed in this run."""

    change: Change
    because: Key


@dataclass(frozen=True, slots=True, kw_only=True)
class StillHeld:
    """Not tried, because its domain is not enabled; `hold` is what the last look found."""

    change: Change
    hold: Hold


@dataclass(frozen=True, slots=True, kw_only=True)
class NotBegun:
    """Not tried, because the run was interrupted, or stopped at its first failure."""

    change: Change


Outcome = Applied | Failed | Skipped | StillHeld | NotBegun


def word_for(outcome: Outcome) -> str:
    """The name of *outcome* in reports and journals."""
    match outcome:
        case Applied():
            return "applied"
        case Failed():
            return "failed"
        case Skipped():
            return "skipped"
        case StillHeld():
            return "held"
        case NotBegun():
            return "not_begun"
    assert_never(outcome)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """
    The outcomes of a run, one for each planned and held change, in the plan's order.

    `late_letters` are those that earlier runs owed, and this one has sent or tried to send.
    """

    outcomes: tuple[Outcome, ...] = ()
    interrupted: bool = False
    late_letters: tuple[LateLetter, ...] = ()

    def letters(self) -> tuple[tuple[Key, Letter], ...]:
        """What became of each confirmation of this run, late ones too, with its mailbox."""
        due = (
            (outcome.change.key, outcome.letter)
            for outcome in self.outcomes
            if isinstance(outcome, Applied | Failed) and outcome.letter is not None
        )
        return (*due, *((late.key, late.letter) for late in self.late_letters))

    def undelivered(self) -> tuple[tuple[Key, Letter], ...]:
        """The confirmations that did not reach anybody, or are not known to have."""
        return tuple((key, letter) for key, letter in self.letters() if not letter.is_delivered)

    def summary(self) -> Mapping[str, int]:
        """How many changes were planned, and what became of them; the rest adds up to the first."""
        counts = dict.fromkeys(("applied", "failed", "skipped", "held", "not_begun"), 0)
        for outcome in self.outcomes:
            counts[word_for(outcome)] += 1
        return {"planned": len(self.outcomes), **counts}
