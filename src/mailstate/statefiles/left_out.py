"""What an import leaves out, and why: as comments in the files, and as lines for whoever ran it."""

from mailstate.model.resources import DomainName
from mailstate.statefiles.layout import on_one_line
from mailstate.statefiles.quoting import written
from mailstate.statefiles.rulebook import RULES
from mailstate.statefiles.tree import BLANK, Mapping

_SAID = "# import: left out, "
_ENTRY = "# import:   - "


class LeftOut:
    """Collects what is left out, domain by domain."""

    def __init__(self) -> None:
        self._of: dict[DomainName, set[tuple[str, ...]]] = {}
        self._lines: set[str] = set()

    def domain(self, name: str, reason: str) -> None:
        """The whole domain *name* cannot be declared."""
        self._lines.add(f"{written(name)}: the whole domain: {reason}")

    def say(self, domain: DomainName, reason: str, what: str) -> None:
        """*what* is not written on *domain*."""
        self._add(domain, f"{reason}: {written(what)}")

    def entry(self, domain: DomainName, rule: str, entry: Mapping) -> None:
        """*entry* would break *rule*; it is shown as it would be written."""
        self._add(domain, f"{_reason(rule)}:", on_one_line(entry))

    def update(self, domain: DomainName, rule: str, what: str) -> None:
        """What dimail has of *what* would break *rule*: it stays as it is in the file."""
        self.say(domain, f"dimail's values would break a rule, {_reason(rule)}", what)

    def note(self, entry: Mapping, domain: DomainName) -> bool:
        """Say in the comments at the end of *entry* what is left out; whether that is news."""
        lines: list[str] = []
        for said in sorted(self._of.get(domain, ())):
            lines.append(_SAID + said[0])
            lines += (_ENTRY + rest for rest in said[1:])
        own = [number for number, line in enumerate(entry.end) if _is_ours(line)]
        at = own[0] if own else len(entry.end)
        others = [line for line in entry.end if not _is_ours(line)]
        while others and others[-1] == BLANK:
            others.pop()
        before = entry.end
        entry.end = [*others[:at], *lines, *others[at:]]
        return entry.end != before

    def lines(self) -> tuple[str, ...]:
        """All that is left out, a line each."""
        of_domains = (
            f"{domain}: {' '.join(said)}"
            for domain, all_said in self._of.items()
            for said in all_said
        )
        return tuple(sorted([*self._lines, *of_domains]))

    def _add(self, domain: DomainName, *lines: str) -> None:
        self._of.setdefault(domain, set()).add(lines)


def _is_ours(line: str) -> bool:
    return line.startswith((_SAID, _ENTRY))


def _reason(rule: str) -> str:
    return f"{rule} ({RULES[rule].title})"
