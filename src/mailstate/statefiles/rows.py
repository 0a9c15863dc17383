"""What lives on one domain, judged quickly: mailboxes and aliases, column by column."""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from operator import itemgetter
from typing import Any, TypeAlias, TypeVar

from mailstate.model.resources import DomainName
from mailstate.statefiles import at_once
from mailstate.statefiles.aliases import loops
from mailstate.statefiles.marks import Map, Mark, lines_and_columns
from mailstate.statefiles.parcel import AliasColumns, MailboxColumns, PlaceColumns
from mailstate.statefiles.table import Table

_T = TypeVar("_T")

_whole = itemgetter("local_part", "first_name", "last_name")

Node: TypeAlias = Any
"""A mapping that fits the schema."""

Nodes: TypeAlias = Any
"""A list of such mappings, with its marks."""


class SomethingToTellError(Exception):
    """The file is not in order."""


def must(is_in_order: object) -> None:
    """Raise `SomethingToTellError` unless what must be is in order."""
    if not is_in_order:
        raise SomethingToTellError


def mark_of(node: Map, mark: Mark, field: str) -> Mark:
    """Where *field* of *node*, an item at *mark*, is written: as `Entry.place` has it."""
    if mark != node.mark:
        return mark
    return node.value_mark(field)


def marks_of(nodes: Nodes, field: str) -> list[Mark]:
    """Where *field* of each of *nodes* is written."""
    return [
        at + node.offsets[1]
        if at == node.mark and next(iter(node)) == field
        else mark_of(node, at, field)
        for node, at in zip(nodes, nodes.marks, strict=True)
    ]


def mailboxes(
    boxes: Nodes | Table, domain: DomainName, *, has_context: bool
) -> tuple[MailboxColumns, PlaceColumns]:
    """The mailboxes in *boxes*, sorted, and where they are written."""
    if not boxes:
        return MailboxColumns([], [], [], [], [], []), PlaceColumns([], [])
    table = boxes if isinstance(boxes, Table) else _table(boxes)
    local_parts, first_names, last_names, written, addresses, off = table.columns
    display_names = [*filter(None, written)]
    must(at_once.are_local_parts(local_parts) and are_unique(local_parts))
    must(at_once.are_texts([*first_names, *last_names, *display_names]))
    first_names, last_names = at_once.nfc(first_names), at_once.nfc(last_names)
    secondary = _secondary_emails(addresses, domain)
    columns = MailboxColumns(local_parts, first_names, last_names, [], secondary, off)
    full_names = columns.full_names()
    if display_names:
        own = iter(at_once.nfc(display_names))
        pairs = zip(written, full_names, strict=True)
        display_names = [next(own) if name else full for name, full in pairs]
        columns = columns._replace(display_names=display_names)
        must(not has_context or are_unique(at_once.folded(display_names)))
    must(not has_context or are_unique(at_once.folded(full_names)))
    # As keys are sorted: the `@` that follows comes before letters, and after `-` and `.`.
    in_order = _sorting([f"{local_part}@" for local_part in local_parts])
    return MailboxColumns(*map(in_order, columns)), PlaceColumns(*map(in_order, table.places))


def _table(nodes: Nodes) -> Table:
    """The same mailboxes in columns: what is not written is empty, which nothing written is."""
    local_parts, first_names, last_names = map(list, zip(*map(_whole, nodes), strict=True))
    fields = set().union(*nodes)
    display_names, addresses = (
        [node.get(field, "") for node in nodes] if field in fields else []
        for field in ("display_name", "secondary_email")
    )
    off = _off(nodes) if "active" in fields else []
    return Table(
        MailboxColumns(local_parts, first_names, last_names, display_names, addresses, off),
        PlaceColumns(*lines_and_columns(marks_of(nodes, "local_part"))),
    )


def _off(nodes: Nodes) -> list[str]:
    """Which mailboxes are switched off; no column of them without any."""
    off = ["" if node.get("active", True) else "off" for node in nodes]
    return off if any(off) else []


def _secondary_emails(written: list[str], domain: DomainName) -> list[str]:
    """The addresses that are *written*, empty for none; no column of them without any."""
    given = [*filter(None, written)]
    found = at_once.email_addresses(given)
    if found is None or f"@{domain}\n" in "\n".join((*found, "")):
        raise SomethingToTellError
    if not given or len(given) == len(written):
        return found
    rest = iter(found)
    return [next(rest) if address else "" for address in written]


def aliases(
    nodes: Nodes, domain: DomainName, mailbox_parts: Sequence[str]
) -> tuple[AliasColumns, list[Mark]]:
    """The aliases in *nodes*, sorted, and where they are written."""
    if not nodes:
        return AliasColumns([], []), []
    local_parts: list[str] = [node["local_part"] for node in nodes]
    must(at_once.are_local_parts(local_parts) and are_unique(local_parts))
    texts = [text for node in nodes for text in node["destinations"]]
    found = at_once.destinations(texts)
    if found is None:
        raise SomethingToTellError
    rest = iter(found)
    leads = {
        f"{local_part}@{domain}": [next(rest) for _ in node["destinations"]]
        for local_part, node in zip(local_parts, nodes, strict=True)
    }
    for targets in leads.values():
        must(are_unique(targets))
    must(lead_somewhere(leads, {f"{part}@{domain}" for part in mailbox_parts}, {domain}))
    starts = [
        part for part, node in zip(local_parts, nodes, strict=True) for _ in node["destinations"]
    ]
    marks = [mark for node in nodes for mark in node["destinations"].marks]
    in_order = _sorting([(f"{part}@", target) for part, target in zip(starts, found, strict=True)])
    return AliasColumns(in_order(starts), in_order(found)), in_order(marks)


def lead_somewhere(
    leads: Mapping[str, Sequence[str]], mailboxes: AbstractSet[str], domains: AbstractSet[str]
) -> bool:
    """
    Whether aliases are in order that *leads* has the destinations of.

    Each destination on *domains* must be among *mailboxes* or the aliases; an alias on a mailbox's
    own address must keep a copy there; and none may lead back to itself.
    """
    onward: dict[str, list[str]] = {}
    for address, targets in leads.items():
        if address in mailboxes and address not in targets:
            return False
        for target in targets:
            if target in leads:
                # A mailbox's own address among the destinations keeps a copy: no loop.
                if target != address or address not in mailboxes:
                    onward.setdefault(address, []).append(target)
            elif target not in mailboxes and target.rpartition("@")[2] in domains:
                return False
    # Whoever leads nowhere further is in no loop.
    return not any(loops({address: [*filter(onward.get, onward[address])] for address in onward}))


def are_unique(texts: Sequence[str]) -> bool:
    """Whether each of *texts* is there once."""
    return len(set(texts)) == len(texts)


def _sorting(keys: Sequence[Any]) -> Callable[[Sequence[_T]], list[_T]]:
    """A function that puts columns into the order of *keys*; those without values stay so."""
    order = sorted(range(len(keys)), key=keys.__getitem__)
    if len(order) == 1:
        return list
    in_order = itemgetter(*order)
    return lambda column: list(in_order(column)) if column else []
