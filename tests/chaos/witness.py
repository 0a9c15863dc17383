"""The journal as somebody else reads it: lines of JSON, without a word of mailstate's own code."""

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(slots=True, kw_only=True)
class Told:
    """What the journal tells of one run."""

    planned: tuple[str, ...]
    begun: dict[str, str] = field(default_factory=dict)
    """What was begun, and with which action."""

    ended: dict[str, dict[str, Any]] = field(default_factory=dict)
    letters: dict[str, list[str]] = field(default_factory=dict)
    """What became of the letters for each mailbox, by `ended` and `notified`."""

    has_finished: bool = False

    @property
    def open(self) -> set[str]:
        """What was begun, and of which nobody knows what became."""
        return {*self.begun} - {*self.ended}


def read(path: Path) -> list[Told]:
    """
    The runs that the journal at *path* tells of, oldest first.

    A line may be torn only where a command was killed or stopped by a full disk: at its end.
    """
    runs: list[Told] = []
    is_torn = False
    for line in path.read_text("utf-8").splitlines() if path.exists() else ():
        try:
            event = json.loads(line)
        except ValueError:
            assert not is_torn, "two torn lines in a row"
            is_torn = True
            continue
        is_first = event["event"] in {"run", "notified"}
        assert is_first or not is_torn, f"a torn line in the midst of a run, before {line}"
        is_torn = False
        _take(runs, event)
    return runs


def delivered(runs: list[Told]) -> Counter[str]:
    """How often *runs* tell that the letter for a mailbox was taken."""
    return Counter(
        address
        for run in runs
        for address, words in run.letters.items()
        for word in words
        if word == "delivered"
    )


def _take(runs: list[Told], event: dict[str, Any]) -> None:
    address = event.get("address", "")
    match event["event"]:
        case "run":
            runs.append(Told(planned=tuple(event["planned"])))
        case "begun":
            assert address not in runs[-1].begun, f"{address} is begun twice"
            runs[-1].begun[address] = event["action"]
        case "ended":
            assert address not in runs[-1].ended, f"{address} ends twice"
            runs[-1].ended[address] = event
            if event["letter"]:
                runs[-1].letters.setdefault(address, []).append(event["letter"])
        case "notified":
            runs[-1].letters.setdefault(address, []).append(event["letter"])
        case "finished":
            for run in runs[-1:]:
                run.has_finished = True
        case "looked" | "told":
            pass
        case other:
            raise AssertionError(f"the journal has a word that nobody knows: {other}")
