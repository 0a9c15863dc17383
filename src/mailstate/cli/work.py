"""The work of an apply: its plan carried out, the letters that are owed sent, the news told."""

from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

from mailstate.applying.applier import Applier, Observer
from mailstate.applying.outcome import LateLetter, Report
from mailstate.cli import output
from mailstate.cli.journal import Journal
from mailstate.cli.news import Herald
from mailstate.cli.owed import Owed, pay
from mailstate.cli.post import Counter
from mailstate.cli.progress import Bar, Lines
from mailstate.cli.session import Session
from mailstate.cli.stopping import stopped_by_signals
from mailstate.reporting.report import letter_line


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """The options of apply alone."""

    yes: bool
    no_notify: bool
    wait: float
    fail_fast: bool
    journal: Path | None
    report: Path | None
    format: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One plan, what earlier runs *owed* besides, and who hears of it while it is carried out."""

    run: Session
    owed: Owed
    counter: Counter | None
    herald: Herald
    journal: Journal | None
    stream: TextIO
    choices: Choices

    async def carry_out(self) -> Report:
        """Do it all, and account for it; signals end it in order."""
        journal, run = self.journal, self.run
        display = ExitStack()
        applier = Applier(
            run.client,
            run.target.policy,
            observers=self._observers(display),
            welcome=self.counter.greeter if self.counter else None,
            concurrency=run.target.concurrency,
            fail_fast=self.choices.fail_fast,
            wait=self.choices.wait,
            kept=journal.kept if journal else None,
        )
        with stopped_by_signals(applier.stop):
            if journal:
                journal.planned(run.plan, run.context, writes_letters=self.counter is not None)
                journal.on_fault = applier.stop.set
            with display:
                report = await applier.apply(run.plan)
            if self.counter:
                report = await self._send_owed(report, applier, self.counter)
                if not report.interrupted:
                    await self.herald.spread(self.counter.support, journal, applier.stop)
                    report = replace(report, interrupted=applier.stop.is_set())
        if journal:
            journal.finished(interrupted=report.interrupted)
        return report

    def _observers(self, display: ExitStack) -> list[Observer]:
        observers: list[Observer] = [self.herald]
        if self.journal:
            observers.append(self.journal)
        if self.run.plan.changes or self.run.plan.held:
            output.write_if_possible("\n", self.stream)
            progress = self._progress()
            display.enter_context(progress)
            observers.append(progress)
        return observers

    def _progress(self) -> Lines | Bar:
        paint = output.painter(self.stream)
        if self.choices.format == "text" and self.stream.isatty():
            return Bar(len(self.run.plan.changes) + len(self.run.plan.held), paint)
        return Lines(self.stream, paint)

    async def _send_owed(self, report: Report, applier: Applier, counter: Counter) -> Report:
        """*report* with the letters that earlier runs owed, sent unless a failure ends this one."""
        if self.choices.fail_fast and report.summary()["failed"]:
            return report
        letters = await pay(
            self.owed,
            report,
            find=self.run.client.find,
            welcome=counter.greeter,
            stop=applier.stop,
            tell=self._tell,
        )
        return replace(report, late_letters=letters, interrupted=applier.stop.is_set())

    def _tell(self, late: LateLetter) -> None:
        if self.journal:
            target, is_delivered = self.run.context.target, late.letter.is_delivered
            self.journal.notified(late.key, target=target, is_delivered=is_delivered)
        line = letter_line(late.key, late.letter, output.painter(self.stream))
        output.write_if_possible(f"{line}\n", self.stream)
