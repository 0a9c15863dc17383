"""
What the documents declare, as far as it can be understood: the ground of all rules.

Nothing here complains. What has the wrong shape is left out (the schema tells of it), and what
may be missing for that reason is marked as not complete, so that no rule takes "not understood"
for "not there".
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from mailstate.errors import Place
from mailstate.model.resources import DomainName
from mailstate.statefiles.marks import Document, Map, Mark, Seq, Value, place
from mailstate.statefiles.names import Fault, domain_name, nfc

DEFAULT_FEATURES = frozenset({"webmail", "mailbox", "alias"})

_ROOT_FIELDS = frozenset({"users", "domains"})
_LISTS_ON_A_DOMAIN = ("mailboxes", "aliases")


class Entry:
    """One mapping of a list: a user, a domain, an access, a mailbox or an alias."""

    __slots__ = ("file", "mark", "node")

    def __init__(self, file: str, node: Map, mark: Mark) -> None:
        self.file = file
        self.node = node
        self.mark = mark

    def text(self, field: str) -> str | None:
        """The text of *field*, None if there is none."""
        value = self.node.get(field)
        return value if isinstance(value, str) else None

    def place(self, field: str) -> Place:
        """Where the value of *field* is written; where the entry begins if it has none."""
        # An entry that is an alias (`*name`) has its values elsewhere: its own place says more.
        if self.mark != self.node.mark or field not in self.node:
            return place(self.file, self.mark)
        return place(self.file, self.node.value_mark(field))

    def field_place(self, field: str) -> Place:
        """Where the name of *field* is written."""
        return place(self.file, self.node.key_mark(field))

    def texts(self, field: str) -> list[tuple[str, Mark]]:
        """The texts of the list *field*, each with its mark."""
        value = self.node.get(field)
        if not isinstance(value, Seq):
            return []
        pairs = zip(value, value.marks, strict=True)
        return [(item, mark) for item, mark in pairs if isinstance(item, str)]

    def entries(self, field: str) -> list["Entry"]:
        """The mappings of the list *field*."""
        return list(_entries(self.file, self.node.get(field)))


class DomainEntry(Entry):
    """
    A declared domain, its fields read once.

    `name` is None if it is not written or not a domain name. `is_complete` is false if the domain
    may have mailboxes or aliases that could not be understood. `unknown_fields` may be misspelt.
    """

    __slots__ = ("aliases", "features", "is_complete", "mailboxes", "name", "unknown_fields")

    def __init__(self, file: str, node: Map, mark: Mark, fields: frozenset[str]) -> None:
        super().__init__(file, node, mark)
        written = self.text("name")
        name = Fault("", "") if written is None else domain_name(written)
        self.name: DomainName | None = None if isinstance(name, Fault) else name
        self.features = (
            frozenset(text for text, _ in self.texts("features"))
            if "features" in node
            else DEFAULT_FEATURES
        )
        self.mailboxes = self.entries("mailboxes")
        self.aliases = self.entries("aliases")
        self.unknown_fields = [field for field in node if field not in fields]
        self.is_complete = (
            node.is_whole
            and not self.unknown_fields
            and all(_is_understood(node, field, "local_part") for field in _LISTS_ON_A_DOMAIN)
        )

    @property
    def context(self) -> str | None:
        """The OX context that the domain's mailboxes live in; None without webmail."""
        if "webmail" not in self.features:
            return None
        written = self.text("context")
        return self.name if written is None else nfc(written)


class Declared(NamedTuple):
    """
    All users and domains of all documents, in the order of files and lines.

    `has_all_users` is false if a user may be missing because something could not be read.
    """

    users: tuple[Entry, ...]
    domains: tuple[DomainEntry, ...]
    has_all_users: bool


def declared(
    documents: Iterable[Document], domain_fields: frozenset[str], *, all_read: bool
) -> Declared:
    """What *documents* declare; *all_read* is false if some file could not be opened."""
    users: list[Entry] = []
    domains: list[DomainEntry] = []
    has_all_users = all_read
    for document in documents:
        root = document.root
        if not isinstance(root, Map):
            has_all_users = False
            continue
        users += _entries(document.file, root.get("users"))
        domains += (
            DomainEntry(entry.file, entry.node, entry.mark, domain_fields)
            for entry in _entries(document.file, root.get("domains"))
        )
        if (
            not root.is_whole
            or not _ROOT_FIELDS.issuperset(root)
            or not _is_understood(root, "users", "name")
        ):
            has_all_users = False
    return Declared(users=tuple(users), domains=tuple(domains), has_all_users=has_all_users)


def _entries(file: str, value: Value) -> Iterator[Entry]:
    if isinstance(value, Seq):
        for item, mark in zip(value, value.marks, strict=True):
            if isinstance(item, Map):
                yield Entry(file, item, mark)


def _is_understood(node: Map, field: str, identity: str) -> bool:
    """Whether each entry of the list *field* can be told by its *identity*."""
    if field not in node:
        return True
    value = node[field]
    return isinstance(value, Seq) and all(
        isinstance(item, Map) and isinstance(item.get(identity), str) for item in value
    )
