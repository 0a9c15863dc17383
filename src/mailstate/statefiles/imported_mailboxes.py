"""Import's mailboxes: live ones to entries of the files, new or there already."""

from dataclasses import dataclass, field

from mailstate.model.resources import DomainName, Key, Mailbox
from mailstate.model.state import DesiredDomain, LiveDomain
from mailstate.planning.diff import mailbox_fields
from mailstate.statefiles import tree
from mailstate.statefiles.editing import mapping, own_entries, own_mapping, put
from mailstate.statefiles.given_names import (
    TakenNames,
    domain_context,
    made_up,
    made_up_plainly,
)
from mailstate.statefiles.left_out import LeftOut
from mailstate.statefiles.names import local_part_fault, text_fault
from mailstate.statefiles.shelf import Shelf
from mailstate.statefiles.tree import Slot

_MADE_UP = "# import: dimail tells no name; this one is made from the address"
_RESPELT = "# import: dimail spells it "
_HALF_MADE = "half-made in dimail (status broken)"


@dataclass(slots=True, kw_only=True)
class MailboxWriter:
    """Writes the mailboxes of one domain after the other."""

    shelf: Shelf
    names: TakenNames
    left_out: LeftOut
    _refused: dict[Key, str] = field(default_factory=dict)
    _clashing: list[tuple[Mailbox, str | None, tree.Mapping]] = field(default_factory=list)

    def take_names(self, desired: DesiredDomain, live: LiveDomain | None) -> None:
        """
        Take the names of what is written already, as it will be, so that nothing new has them.

        What dimail has of a mailbox is not taken over if it breaks a rule.
        """
        for key, mailbox in desired.mailboxes.items():
            wanted = _merged(live, mailbox)
            rule = _fault(wanted) or self._clash(_context(desired), wanted)
            if rule is not None:
                self._refused[key] = rule
                wanted = mailbox
            self.names.take(_context(desired), _full(wanted), wanted.display_name or "")

    def write(
        self, live: LiveDomain, desired: DesiredDomain | None, file: str, entry: tree.Mapping
    ) -> None:
        """Have all mailboxes of *live* in *entry*, which is in *file*."""
        name = live.domain.name
        slots: dict[str, Slot] | None = None
        features = desired.domain.features if desired else live.domain.features
        context = (
            _context(desired) if desired else domain_context(name, features, live.domain.context)
        )
        for key, mailbox in live.mailboxes.items():
            if key in live.half_made:
                self.left_out.say(name, _HALF_MADE, mailbox.address)
                continue
            existing = desired.mailboxes.get(key) if desired else None
            if existing is not None:
                if mailbox_fields(mailbox, existing):
                    slots = own_entries(entry, "mailboxes") if slots is None else slots
                    self._update(_merged(live, existing), file, slots[existing.local_part])
                continue
            new = self._new(mailbox, context)
            one = _entry(new, mailbox)
            rule = _fault(new)
            if "mailbox" not in features:
                rule = "mailboxes-without-feature"
            elif desired is not None and _is_behind_alias(new, desired):
                rule = "alias-over-mailbox"
            if rule is not None:
                self.left_out.entry(name, rule, one)
            elif self._clash(context, new) is not None:
                self._clashing.append((new, context, one))
            else:
                self.names.take(context, _full(new), new.display_name or "")
                self._add(name, one, file, entry)

    def tell_clashes(self) -> None:
        """
        Say whose names others have, once all are written.

        So the rule that is named is the one that the next import would name, too.
        """
        for new, context, one in self._clashing:
            rule = self._clash(context, new)
            if rule is not None:
                self.left_out.entry(new.domain, rule, one)

    def _add(self, name: DomainName, one: tree.Mapping, file: str, entry: tree.Mapping) -> None:
        slots = self.shelf.list_in(file, entry, "mailboxes").slots
        slot = Slot(value=one)
        slots.append(slot)

        def undo(rule: str) -> None:
            slots.remove(slot)
            self.left_out.entry(name, rule, one)

        self.shelf.can_undo(slot, undo)

    def _update(self, wanted: Mailbox, file: str, slot: Slot) -> None:
        if wanted.key in self._refused:
            self.left_out.update(wanted.domain, self._refused[wanted.key], wanted.address)
            return
        one = own_mapping(slot)
        before = [(written, written.value) for written in one.slots]
        if one.text("first_name") != wanted.first_name:
            put(one, "first_name", wanted.first_name or "")
        if one.text("last_name") != wanted.last_name:
            put(one, "last_name", wanted.last_name or "")
        if one.slot("display_name") or wanted.display_name != _full(wanted):
            put(one, "display_name", wanted.display_name or "")
        if one.slot("active") or wanted.active is False:
            put(one, "active", wanted.active is not False)
        self.shelf.touch(file)

        def undo(rule: str) -> None:
            one.slots = [written for written, _ in before]
            for written, value in before:
                written.value = value
            self.left_out.update(wanted.domain, rule, wanted.address)

        self.shelf.can_undo(slot, undo)

    def _new(self, mailbox: Mailbox, context: str | None) -> Mailbox:
        """*mailbox* with all that a file must say of one."""
        first, last = mailbox.first_name, mailbox.last_name
        if first is None or last is None:
            made = made_up(mailbox)
            if self.names.clash(context, " ".join(made), " ".join(made)):
                made = made_up_plainly(mailbox)
            first = made[0] if first is None else first
            last = made[1] if last is None else last
        display = mailbox.display_name
        return Mailbox(
            domain=mailbox.domain,
            local_part=mailbox.local_part.lower(),
            first_name=first,
            last_name=last,
            display_name=f"{first} {last}" if display is None else display,
            active=mailbox.active is not False,
        )

    def _clash(self, context: str | None, wanted: Mailbox) -> str | None:
        return self.names.clash(context, _full(wanted), wanted.display_name or "")


def _entry(new: Mailbox, live: Mailbox) -> tree.Mapping:
    """*new* as an entry of a file; comments say what in it is not as dimail tells it."""
    one = mapping(
        {
            "local_part": new.local_part,
            "first_name": new.first_name or "",
            "last_name": new.last_name or "",
        }
    )
    if live.local_part != new.local_part:
        one.slots[0].beside = [_RESPELT + live.local_part]
    if live.first_name is None or live.last_name is None:
        one.slots[1].beside = [_MADE_UP]
    if new.display_name != _full(new):
        put(one, "display_name", new.display_name or "")
    if new.active is False:
        put(one, "active", value=False)
    return one


def _merged(live: LiveDomain | None, desired: Mailbox) -> Mailbox:
    """*desired* with all that dimail tells of it."""
    found = live.mailboxes.get(desired.key) if live else None
    if live is None or found is None or desired.key in live.half_made:
        return desired
    return Mailbox(
        domain=desired.domain,
        local_part=desired.local_part,
        first_name=_told(found.first_name, desired.first_name),
        last_name=_told(found.last_name, desired.last_name),
        display_name=_told(found.display_name, desired.display_name),
        active=desired.active if found.active is None else found.active,
        secondary_email=desired.secondary_email,
    )


def _told(live: str | None, desired: str | None) -> str | None:
    return desired if live is None else live


def _fault(mailbox: Mailbox) -> str | None:
    """The rule that a value of *mailbox* breaks by itself."""
    faults = [local_part_fault(mailbox.local_part)]
    names = (mailbox.first_name, mailbox.last_name, mailbox.display_name)
    faults += [text_fault(name or "") for name in names]
    return next((fault.rule for fault in faults if fault is not None), None)


def _full(mailbox: Mailbox) -> str:
    return f"{mailbox.first_name} {mailbox.last_name}"


def _context(desired: DesiredDomain) -> str | None:
    domain = desired.domain
    return domain_context(domain.name, domain.features, domain.context)


def _is_behind_alias(mailbox: Mailbox, desired: DesiredDomain) -> bool:
    """Whether an alias that is written already takes the letters of *mailbox* away."""
    destinations = {
        alias.destination
        for alias in desired.aliases.values()
        if alias.local_part == mailbox.local_part
    }
    return bool(destinations) and mailbox.address not in destinations
