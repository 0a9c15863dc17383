"""Why there is no plan, where a reviewer looks for one."""

from mailstate.errors import FilesError, MailstateError, Problem, Severity
from mailstate.reporting.links import Links
from mailstate.reporting.room import Group, Room, fitted, size
from mailstate.reporting.spans import code, place_link, sentence


def no_plan_markdown(error: MailstateError, *, links: Links, limit: int) -> str:
    """What *error* says, as Markdown of at most *limit* bytes: never to be taken for a plan."""
    head = _head(error)
    if not isinstance(error, FilesError):
        return head
    faults = [one for one in error.problems if one.severity is Severity.ERROR]
    room = Room(limit - size(head) - _REST)
    text, shown = fitted([Group(items=faults)], lambda fault: _line(fault, links), room)
    more = len(faults) - shown
    rest = f"\n…and {more:,} more, for which there is no room here.\n" if more else ""
    return f"{head}\n{text}{rest}"


_REST = 100


def _head(error: MailstateError) -> str:
    said, *others = error.message.splitlines() or [""]
    lines = [f"**There is no plan:** {sentence(said)}", ""]
    lines += [f"- {sentence(other.strip())}" for other in others]
    if error.hint and not isinstance(error, FilesError):
        lines += [*([""] if others else []), sentence(error.hint)]
    return "\n".join(lines).rstrip("\n") + "\n"


def _line(fault: Problem, links: Links) -> str:
    said = "; ".join(sentence(part) for part in (fault.message, fault.hint) if part)
    return f"- {place_link(fault.place, links.files)}: {said} ({code(fault.rule)})\n"
