"""
Import: a live state to state files, into those that are there.

What dimail tells is written, what the files say besides stays: comments, roles, handles, secondary
and support addresses. Nothing is ever taken out of a file. What dimail has and the rules forbid is
left out, and said in comments that begin with `# import: left out`; those are ours, and are written
anew by each import. All other comments belong to whoever edits the file.
"""

from collections.abc import Collection, Iterator
from collections.abc import Sequence as Row
from dataclasses import dataclass, field

from mailstate.errors import FilesError, UsageError
from mailstate.model.resources import (
    Domain,
    DomainName,
    Key,
    Role,
    UserId,
    access_key,
    user_id,
)
from mailstate.model.state import DesiredDomain, DesiredState, LiveDomain, LiveState
from mailstate.planning.diff import domain_fields
from mailstate.statefiles.editing import drop, mapping, put
from mailstate.statefiles.given_names import Handles, TakenNames, is_person
from mailstate.statefiles.imported_aliases import AliasWriter
from mailstate.statefiles.imported_mailboxes import MailboxWriter
from mailstate.statefiles.left_out import LeftOut
from mailstate.statefiles.names import Fault, domain_name, text_fault
from mailstate.statefiles.reader import read_sources
from mailstate.statefiles.shelf import WAITING, Shelf
from mailstate.statefiles.tree import Mapping, Scalar, Slot

FEATURES = ("webmail", "mailbox", "alias")
_DELIVERIES = ("virtual", "relay")

_HEAD = (
    "# import: from dimail, which knows no roles (whoever manages the domain is an owner here)",
    "# and neither secondary nor support addresses",
)
_USERS_HEAD = (
    "# import: dimail knows people by their uuid alone: replace the handles, here and in the",
    "# domains' files",
)
_NO_OWNER = "# TODO: name an owner, then take `.todo` off the name of this file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """
    What an import comes to.

    `files` are those to write, by name; `desired` is what all say then, those `waiting` for an
    owner left aside. `left_out` says what could not be written and why, `gone` what is in the
    files and not live, `without_access` which domains could not be read.
    """

    files: dict[str, str]
    desired: DesiredState
    waiting: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    gone: tuple[Key, ...] = ()
    without_access: tuple[DomainName, ...] = ()


def import_live(
    live: LiveState,
    sources: Row[tuple[str, bytes]],
    *,
    directory: str,
    service_account: str,
    owner: str | None = None,
    asked: Collection[DomainName] | None = None,
) -> Imported:
    """
    The files that *sources*, those of *directory*, become with all that is in *live*.

    *asked* are the domains that were looked for in dimail, None for all.

    *owner*, a handle or uuid, becomes the owner of domains that nobody manages; without one, their
    files end in `.todo` and wait for somebody. Raises `FilesError` if the sources are not valid.
    """
    reading = read_sources(sources)
    if reading.desired is None:
        raise FilesError(reading.problems)
    before = reading.desired
    written = {user: person.handle for user, person in before.people.items()}
    run = _Run(
        live=live,
        shelf=Shelf(sources),
        before=before,
        handles=Handles(written, (user.name for user in live.users.values())),
        prefix="" if directory == "." else f"{directory}/",
        service_account=user_id(service_account),
        owner=_known_owner(owner, before),
    )
    mailboxes = MailboxWriter(shelf=run.shelf, names=TakenNames(), left_out=run.left_out)
    aliases = AliasWriter(shelf=run.shelf, left_out=run.left_out)
    for name, domain in before.domains.items():
        mailboxes.take_names(domain, live.domains.get(name))
    targets = [
        (found, target)
        for name, found in live.domains.items()
        if found.readable and (target := run.domain(name, found)) is not None
    ]
    for found, (file, entry) in targets:
        mailboxes.write(found, before.domains.get(found.domain.name), file, entry)
    mailboxes.tell_clashes()
    for found, (file, entry) in targets:
        aliases.write(found, before.domains.get(found.domain.name), file, entry)
    run.users()
    run.shelf.settle()
    for found, (file, entry) in targets:
        if run.left_out.note(entry, found.domain.name):
            run.shelf.touch(file)
    files = run.shelf.texts()
    desired = before
    if files:
        final = read_sources(run.shelf.sources(files))
        if final.desired is None:
            raise FilesError(final.problems)
        desired = final.desired
    return Imported(
        files=files,
        desired=desired,
        waiting=tuple(run.waiting),
        left_out=run.left_out.lines(),
        gone=tuple(_gone(before, live, asked)),
        without_access=tuple(name for name, found in live.domains.items() if not found.readable),
    )


@dataclass(slots=True, kw_only=True)
class _Run:
    """What all domains share."""

    live: LiveState
    shelf: Shelf
    before: DesiredState
    handles: Handles
    prefix: str
    service_account: UserId
    owner: str | None
    waiting: list[str] = field(default_factory=list)
    left_out: LeftOut = field(default_factory=LeftOut)

    def domain(self, name: DomainName, found: LiveDomain) -> tuple[str, Mapping] | None:
        """The file and entry of the domain *name*, with its fields and owners; None if left out."""
        desired = self.before.domains.get(name)
        if desired is None:
            return self._new(name, found)
        file, entry = self.shelf.domain(name)
        self._update(found, desired, file, entry)
        for handle in self._managers(name, desired.roles):
            slots = self.shelf.list_in(file, entry, "owners").slots
            slots.append(Slot(value=Scalar(handle)))
        return file, entry

    def users(self) -> None:
        """Declare whoever has got a handle."""
        if not self.handles.new:
            return
        name = f"{self.prefix}users.yaml"
        is_new = name not in self.shelf.files
        file = self.shelf.file(name)
        if is_new:
            file.head = list(_USERS_HEAD)
        slots = self.shelf.list_in(name, file.root, "users").slots
        for uuid in self.handles.new.values():
            one = mapping({"name": self.handles.of(uuid), "uuid": uuid})
            slots.append(Slot(value=one))

    def _new(self, name: DomainName, found: LiveDomain) -> tuple[str, Mapping] | None:
        domain = found.domain
        reason = _why_not(domain)
        if reason is not None:
            self.left_out.domain(name, reason)
            return None
        owners = list(self._managers(name, {}))
        if not owners and self.owner is not None:
            owners.append(self.handles.of(self.owner))
        entry = mapping({"name": name})
        if domain.context not in {None, name} and "webmail" in domain.features:
            put(entry, "context", domain.context or "")
        if domain.features != frozenset(FEATURES):
            put(entry, "features", sorted(domain.features))
        if domain.delivery not in {None, "virtual"}:
            put(entry, "delivery", domain.delivery or "")
        slot = put(entry, "owners", owners)
        file = f"{self.prefix}{name}.yaml"
        if not owners:
            file += WAITING
            slot.beside = [_NO_OWNER]
            self.waiting.append(file)
        is_new = file not in self.shelf.files
        tree = self.shelf.file(file)
        if is_new:
            tree.head = list(_HEAD)
        self.shelf.list_in(file, tree.root, "domains").slots.append(Slot(value=entry))
        return file, entry

    def _update(self, found: LiveDomain, desired: DesiredDomain, file: str, entry: Mapping) -> None:
        """Have in *entry* what dimail tells of the domain itself."""
        fields = set(domain_fields(found.domain, desired.domain))
        if "webmail" not in found.domain.features:
            fields.discard("context")  # without webmail it means nothing (contract §5.1)
        if not fields:
            return
        name = desired.domain.name
        before = {name: slot.value if (slot := entry.slot(name)) else None for name in fields}
        if "features" in fields:
            put(entry, "features", sorted(found.domain.features))
        if "context" in fields:
            put(entry, "context", found.domain.context or "")
        if "delivery" in fields:
            put(entry, "delivery", found.domain.delivery or "")
        self.shelf.touch(file)

        def undo(rule: str) -> None:
            for changed, value in before.items():
                slot = entry.slot(changed)
                if value is None or slot is None:
                    drop(entry, changed)
                else:
                    slot.value = value
            self.left_out.update(name, rule, name)

        self.shelf.can_undo_on(name, undo)

    def _managers(self, name: DomainName, known: Collection[UserId]) -> Iterator[str]:
        """The handles of those who may manage the domain *name* and are not *known* there."""
        for access in self.live.accesses.values():
            if access.domain != name or user_id(access.user) == self.service_account:
                continue
            if not is_person(access.user):
                self.left_out.say(name, "may manage the domain, but is no person", access.user)
            elif user_id(access.user) not in known:
                yield self.handles.of(access.user)


def _why_not(domain: Domain) -> str | None:
    """Why no file can declare *domain*."""
    name = domain_name(domain.name)
    if isinstance(name, Fault):
        return name.message
    if name != domain.name:
        return f"its name is {name} to all others"
    if not domain.features <= frozenset(FEATURES):
        return "it has features that this version does not know"
    if domain.delivery not in {None, *_DELIVERIES}:
        return "it is delivered in a way that this version does not know"
    fault = text_fault(domain.context) if domain.context is not None else None
    return None if fault is None else f"its context: {fault.message}"


def _known_owner(owner: str | None, before: DesiredState) -> str | None:
    """The uuid that *owner*, a handle or a uuid, stands for."""
    if owner is None or is_person(owner):
        return owner
    for person in before.people.values():
        if person.handle == owner:
            return person.user.name
    raise UsageError(
        f"--owner {owner}: the files declare nobody of this name",
        hint="give a handle that they declare, or the uuid of a ProConnect account",
    )


def _gone(
    before: DesiredState, live: LiveState, asked: Collection[DomainName] | None
) -> Iterator[Key]:
    """What the files have and dimail does not, on the domains that were *asked* for."""
    for name, domain in before.domains.items():
        if asked is not None and name not in asked:
            continue
        found = live.domains.get(name)
        if found is None:
            yield domain.domain.key
        elif found.readable:
            for user, role in domain.roles.items():
                key = access_key(name, user)
                if role is not Role.VIEWER and key not in live.accesses:
                    yield key
            yield from (key for key in domain.mailboxes if key not in found.mailboxes)
            yield from (key for key in domain.aliases if key not in found.aliases)
