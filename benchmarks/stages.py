"""
One stage of the work in a process of its own, which prints the processor seconds it took, last.

    python -m benchmarks.stages load STATE
"""

import asyncio
import gc
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

from benchmarks import data
from benchmarks.measuring import ACCOUNT
from mailstate.errors import Place
from mailstate.model.resources import DomainName, Mailbox
from mailstate.model.secret import Secret
from mailstate.model.state import DesiredState, LiveState
from mailstate.planning.plan import Action, Change, Plan, Policy


def timed(stage: Callable[[], object]) -> None:
    """Do *stage*, and print how many seconds of processor it took."""
    gc.collect()
    gc.disable()  # as mailstate does
    started = time.process_time()
    kept = stage()
    print(time.process_time() - started)
    del kept


def load(state: str) -> None:
    """Every file to a document, with duplicate keys refused and the place of everything."""
    from mailstate.statefiles.documents import read_document  # noqa: PLC0415
    from mailstate.statefiles.files import read_files  # noqa: PLC0415

    def stage() -> int:
        sources, _ = read_files([Path(state)])
        # Each is let go once it is judged; here it is judged good at once.
        return sum(read_document(file, content).is_readable for file, content in sources)

    timed(stage)


def reading(state: str) -> None:
    """All files to a desired state, through every rule."""
    from mailstate.statefiles import read  # noqa: PLC0415

    timed(lambda: read([Path(state)]))


def diff(state: str, url: str) -> None:
    """Desired and live state, which are there already, to a plan."""
    from mailstate.planning.planner import plan  # noqa: PLC0415

    desired = _desired(state)
    live, _ = asyncio.run(_live(desired, url, concurrency=8))
    timed(lambda: plan(desired, live, Policy(service_account=ACCOUNT)))


def requests(state: str, url: str, concurrency: str) -> None:
    """Reading a whole live state; prints requests per second of the clock."""
    desired = _desired(state)
    # The counts of the server are its own; here, what a plan is known to ask.
    _, took = asyncio.run(_live(desired, url, concurrency=int(concurrency)))
    print(2 * len(desired.domains) / took)


def _desired(state: str) -> DesiredState:
    from mailstate.statefiles import read  # noqa: PLC0415

    desired = read([Path(state)]).desired
    if desired is None:
        raise ValueError(f"{state} is not sound")
    return desired


async def _live(desired: DesiredState, url: str, *, concurrency: int) -> tuple[LiveState, float]:
    from mailstate.dimail.client import DimailClient  # noqa: PLC0415
    from mailstate.dimail.live import read_live  # noqa: PLC0415

    async with DimailClient(url, ACCOUNT, Secret("unread"), concurrency=concurrency) as client:
        started = time.perf_counter()
        live = await read_live(client, desired, needs_check=lambda _: False)
        return live, time.perf_counter() - started


def verdicts(by: str, state: str) -> None:
    """Does each document fit the schema? By `jsonschema`, or as the product decides it (`ours`)."""
    from jsonschema import Draft202012Validator  # noqa: PLC0415

    from mailstate.statefiles.documents import read_document  # noqa: PLC0415
    from mailstate.statefiles.files import read_files  # noqa: PLC0415
    from mailstate.statefiles.schema import misshapen, schema_text  # noqa: PLC0415

    sources, _ = read_files([Path(state)])
    documents = [read_document(file, content) for file, content in sources]
    judge = Draft202012Validator(json.loads(schema_text()))
    any(misshapen(documents[0]))  # builds what is built once
    if by == "ours":
        timed(lambda: not any(any(misshapen(document)) for document in documents))
    else:
        timed(lambda: all(judge.is_valid(document.root) for document in documents))


def view(name: str, mailboxes: str) -> None:
    """
    A plan with so many changes as `json`, `markdown` or `html`.

    Or what `json.dumps` takes for its values, on one line (`dumps`) or as ours (`indented`).
    """
    from mailstate.reporting.html import plan_html  # noqa: PLC0415
    from mailstate.reporting.markdown import plan_markdown  # noqa: PLC0415
    from mailstate.reporting.plan_json import (  # noqa: PLC0415
        Context,
        plan_document,
        plan_json,
    )

    plan, context = (
        _many_changes(int(mailboxes)),
        Context(target="https://dimail.example", policy=Policy(service_account=ACCOUNT)),
    )
    if name in {"dumps", "indented"}:
        document = plan_document(plan, context)
        indent = 2 if name == "indented" else None
        timed(lambda: json.dumps(document, indent=indent))
    else:
        render = {"json": plan_json, "markdown": plan_markdown, "html": plan_html}[name]
        timed(lambda: render(plan, context))


def _many_changes(count: int) -> Plan:
    """Every fifth mailbox is renamed, all others are made."""
    changes = []
    made = data.world(domains=-(-count // 50), mailboxes=50)
    for (number, domain), position in product(enumerate(made.domains), range(50)):
        box = domain.mailboxes[position]
        wanted = Mailbox(
            domain=DomainName(domain.name),
            local_part=box.local_part,
            first_name=box.first,
            last_name=box.last,
            display_name=f"{box.first} {box.last}",
            active=True,
            secondary_email=f"{box.local_part}.{position}@perso.example",
        )
        is_update = position % 5 == 0
        was = replace(wanted, display_name=box.last, secondary_email=None)
        changes.append(
            Change(
                action=Action.UPDATE if is_update else Action.CREATE,
                before=was if is_update else None,
                after=wanted,
                fields=("display_name",) if is_update else (),
                place=Place(f"state/domains-{number:05}.yaml", 8 + 4 * position, 9),
            )
        )
    return Plan(changes=tuple(changes))


STAGES: dict[str, Callable[..., None]] = {
    "load": load,
    "reading": reading,
    "diff": diff,
    "requests": requests,
    "verdicts": verdicts,
    "view": view,
}


def main(arguments: Sequence[str]) -> None:
    """The stage that is named first, with what follows."""
    name, *others = arguments
    STAGES[name](*others)


if __name__ == "__main__":
    main(sys.argv[1:])
