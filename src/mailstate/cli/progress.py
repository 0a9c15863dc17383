"""How an apply shows that it gets on: a bar on a terminal, plain lines elsewhere."""

import io
import sys
from types import TracebackType
from typing import Self, TextIO, cast

from mailstate.applying.outcome import Applied, Outcome, StillHeld
from mailstate.cli import output
from mailstate.model.resources import DomainName
from mailstate.planning.plan import Change, Hold
from mailstate.reporting.paint import Painter, Tone, counted, visible
from mailstate.reporting.report import outcome_line
from mailstate.reporting.words import HOLD


class Lines:
    """One line for each change that has ended; what stays held is left to the report."""

    def __init__(self, stream: TextIO, paint: Painter) -> None:
        self._stream = stream
        self._paint = paint

    def begun(self, change: Change) -> None:
        """Nothing: only what has ended is told."""

    def ended(self, outcome: Outcome) -> None:
        if not isinstance(outcome, StillHeld):
            self._say(outcome_line(outcome, self._paint))

    def looked(self, domain: DomainName, hold: Hold | None) -> None:
        self._say(_looked(domain, hold, self._paint))

    def _say(self, line: str) -> None:
        output.write_if_possible(f"{line}\n", self._stream)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing to clear away."""


class Bar:
    """A bar with count, rate and time left; what did not go well is written above it."""

    def __init__(self, total: int, paint: Painter) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            SpinnerColumn,
            TextColumn,
            TimeRemainingColumn,
        )
        from rich.table import Column

        self._paint = paint
        self._progress = Progress(
            SpinnerColumn(),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            # The bar keeps its width, however long the addresses are.
            TextColumn(
                "{task.description}",
                markup=False,
                table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1),
            ),
            console=Console(file=cast(TextIO, _Screen(sys.stdout)), markup=False, highlight=False),
            transient=True,
            expand=True,
        )
        self._task = self._progress.add_task("", total=total, rate="")

    def begun(self, change: Change) -> None:
        self._progress.update(self._task, description=visible(change.key))

    def ended(self, outcome: Outcome) -> None:
        speed = self._progress.tasks[0].speed
        rate = f"{speed:.1f} a second" if speed else ""
        self._progress.update(self._task, advance=1, rate=rate)
        if not isinstance(outcome, Applied | StillHeld):
            self._print(outcome_line(outcome, self._paint))

    def looked(self, domain: DomainName, hold: Hold | None) -> None:
        self._print(_looked(domain, hold, self._paint))

    def _print(self, line: str) -> None:
        from rich.text import Text

        self._progress.console.print(Text.from_ansi(line), soft_wrap=True)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()


class _Screen(io.TextIOBase):
    """A *terminal* that may be gone at any time: rich would let the error of that end the run."""

    def __init__(self, terminal: TextIO) -> None:
        self._terminal = terminal

    @property
    def encoding(self) -> str:  # type: ignore[override]  # not to be set here
        return self._terminal.encoding

    def isatty(self) -> bool:
        return self._terminal.isatty()

    def write(self, text: str) -> int:
        output.write_if_possible(text, self._terminal)
        return len(text)


def _looked(domain: DomainName, hold: Hold | None, paint: Painter) -> str:
    if hold is None:
        return f"{paint('enabled  ', Tone.GOOD)} domain/{visible(domain)}"
    wrong = f", {counted(len(hold.checks), 'failing check')}" if hold.checks else ""
    return f"{paint('not yet  ', Tone.HELD)} domain/{visible(domain)}  {HOLD[hold.reason]}{wrong}"
