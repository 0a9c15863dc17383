"""
One file, judged quickly: a parcel of what it declares, if nothing at all is to be told of it.

Nearly all files are in order, and for those a yes is enough: values are judged column by column,
and what they must be to each other by comparing sets. A no says nothing; `full` then finds out
what is wrong and where. The rules are those of `values`, `people`, `domains`, `mailboxes` and
`aliases` as far as one domain or file goes; `across` has what lies between them.
"""

from array import array
from collections.abc import Sequence
from zlib import crc32

from mailstate.statefiles.at_once import email_addresses
from mailstate.statefiles.declared import DEFAULT_FEATURES
from mailstate.statefiles.marks import Document, Mark, Seq, line_and_column, lines_and_columns
from mailstate.statefiles.names import Fault, domain_name, handle_fault, nfc, text_fault, uuid_fault
from mailstate.statefiles.parcel import (
    DomainColumns,
    DomainFacts,
    DomainParcel,
    FileFacts,
    PlaceColumns,
    RoleFacts,
    UserFacts,
    domain_parcel,
)
from mailstate.statefiles.rows import (
    Node,
    Nodes,
    SomethingToTellError,
    aliases,
    mailboxes,
    mark_of,
    marks_of,
    must,
)
from mailstate.statefiles.schema import fits_schema

_NOTHING = Seq()
_NOTHING.marks = []


def judge(document: Document) -> FileFacts | None:
    """What *document* declares; None if there is something to tell of it."""
    if document.problems or not document.is_readable or not fits_schema(document.root):
        return None
    root: Node = document.root
    users: Nodes = root.get("users", _NOTHING)
    domains: Nodes = root.get("domains", _NOTHING)
    secondary = array("I")
    try:
        return FileFacts(
            _users(users),
            [
                _domain(node, mark, secondary)
                for node, mark in zip(domains, domains.marks, strict=True)
            ],
            secondary.tobytes(),
        )
    except SomethingToTellError:
        return None


def _users(nodes: Nodes) -> list[UserFacts]:
    handles = [node["name"] for node in nodes]
    uuids = [node["uuid"] for node in nodes]
    must(not any(map(handle_fault, handles)) and not any(map(uuid_fault, uuids)))
    emails = _addresses([node.get("email") for node in nodes])
    places = lines_and_columns(marks_of(nodes, "name"))
    return [*map(UserFacts, handles, uuids, emails, *places)]


def _domain(node: Node, mark: Mark, secondary: "array[int]") -> DomainParcel:
    """What *node* declares; the numbers of its secondary addresses are added to *secondary*."""
    name = domain_name(node["name"])
    if isinstance(name, Fault):
        raise SomethingToTellError
    features = frozenset(node.get("features", DEFAULT_FEATURES))
    boxes: Nodes = node.get("mailboxes", _NOTHING)
    leads: Nodes = node.get("aliases", _NOTHING)
    must(not boxes or "mailbox" in features)
    must(not leads or "alias" in features)
    context = _context(node, name, features)
    mailbox_columns, places = mailboxes(boxes, name, has_context=context is not None)
    alias_columns, alias_marks = aliases(leads, name, mailbox_columns.local_parts)
    addresses = "\n".join(filter(None, mailbox_columns.secondary_emails)).lower()
    secondary.extend(map(crc32, addresses.encode().split()))
    facts = DomainFacts(
        name,
        sorted(features),
        context,
        node.get("delivery", "virtual"),
        node.get("disabled", False),
        _addresses([node.get("support_email")])[0],
        *line_and_column(mark_of(node, mark, "name")),
        _roles(node),
        len(mailbox_columns.local_parts),
        len(alias_columns.local_parts),
        sorted({target.rpartition("@")[2] for target in alias_columns.destinations} - {name}),
    )
    if alias_marks:
        more = lines_and_columns(alias_marks)
        places = PlaceColumns(*(here + there for here, there in zip(places, more, strict=True)))
    return domain_parcel(facts, DomainColumns(mailbox_columns, alias_columns, places))


def _context(node: Node, name: str, features: frozenset[str]) -> str | None:
    if "context" not in node:
        return name if "webmail" in features else None
    written: str = node["context"]
    must("webmail" in features and text_fault(written) is None)
    return nfc(written)


def _roles(node: Node) -> list[RoleFacts]:
    owners: Nodes = node["owners"]
    accesses: Nodes = node.get("accesses", _NOTHING)
    roles = [
        RoleFacts(handle, "owner", *line_and_column(mark))
        for handle, mark in zip(owners, owners.marks, strict=True)
    ]
    roles += [
        RoleFacts(access["user"], access["role"], *line_and_column(mark_of(access, mark, "user")))
        for access, mark in zip(accesses, accesses.marks, strict=True)
    ]
    handles = {role.handle for role in roles}
    must(len(handles) == len(roles) and not any(map(handle_fault, handles)))
    return roles


def _addresses(written: Sequence[str | None]) -> list[str | None]:
    """The addresses that are *written*, None for none."""
    found = email_addresses([text for text in written if text is not None])
    if found is None:
        raise SomethingToTellError
    rest = iter(found)
    return [None if text is None else next(rest) for text in written]
