"""Import's aliases: live pairs to entries of the files, one for each address."""

from collections.abc import Iterable
from dataclasses import dataclass

from mailstate.model.resources import Alias
from mailstate.model.state import DesiredDomain, LiveDomain
from mailstate.statefiles import tree
from mailstate.statefiles.editing import entries, mapping, own_entries, own_mapping
from mailstate.statefiles.left_out import LeftOut
from mailstate.statefiles.names import Fault, destination, local_part_fault
from mailstate.statefiles.shelf import Shelf
from mailstate.statefiles.tree import Scalar, Slot

_RESPELT = "# import: dimail spells it "


@dataclass(slots=True, kw_only=True)
class AliasWriter:
    """Writes the aliases of one domain after the other."""

    shelf: Shelf
    left_out: LeftOut

    def write(
        self, live: LiveDomain, desired: DesiredDomain | None, file: str, entry: tree.Mapping
    ) -> None:
        """Have all aliases of *live* in *entry*, which is in *file*."""
        slots: dict[str, Slot] | None = None
        features = desired.domain.features if desired else live.domain.features
        known = desired.aliases if desired else {}
        for key, alias in live.aliases.items():
            if key in known:
                continue
            rule = _fault(alias)
            if "alias" not in features:
                rule = "aliases-without-feature"
            if rule is not None:
                self._leave_out(alias, rule)
                continue
            local_part = alias.local_part.lower()
            slots = own_entries(entry, "aliases") if slots is None else slots
            if local_part not in slots:
                slots[local_part] = self._new(alias, file, entry)
            self._add(alias, file, slots[local_part], entry)

    def _new(self, alias: Alias, file: str, entry: tree.Mapping) -> Slot:
        """An entry for the address of *alias*, without destinations yet."""
        holder = self.shelf.list_in(file, entry, "aliases")
        one = mapping({"local_part": alias.local_part.lower(), "destinations": []})
        slot = Slot(value=one)
        if alias.local_part != alias.local_part.lower():
            slot.beside = [_RESPELT + alias.local_part]
        holder.slots.append(slot)

        def undo(rule: str) -> None:
            holder.slots = [other for other in holder.slots if other is not slot]
            for address in _texts(one):
                self._leave_out(
                    Alias(
                        domain=alias.domain,
                        local_part=alias.local_part.lower(),
                        destination=address,
                    ),
                    rule,
                )

        self.shelf.can_undo(slot, undo)
        return slot

    def _add(self, alias: Alias, file: str, slot: Slot, entry: tree.Mapping) -> None:
        one = own_mapping(slot)
        holder = entries(one, "destinations")
        item = Slot(value=Scalar(alias.destination.lower()))
        holder.slots.append(item)
        self.shelf.touch(file)

        def undo(rule: str) -> None:
            if item not in holder.slots:
                return  # the whole entry is left out already
            holder.slots = [other for other in holder.slots if other is not item]
            self._leave_out(alias, rule)
            if not holder.slots:
                aliases = entries(entry, "aliases")
                aliases.slots = [other for other in aliases.slots if other is not slot]

        self.shelf.can_undo(item, undo)

    def _leave_out(self, alias: Alias, rule: str) -> None:
        one = mapping({"local_part": alias.local_part, "destinations": [alias.destination]})
        self.left_out.entry(alias.domain, rule, one)


def _fault(alias: Alias) -> str | None:
    """The rule that *alias* breaks by itself."""
    fault = local_part_fault(alias.local_part.lower())
    if fault is not None:
        return fault.rule
    target = destination(alias.destination)
    if isinstance(target, Fault):
        return target.rule
    # dimail would be sent another spelling, and then have both.
    return None if target == alias.destination.lower() else "email-form"


def _texts(one: tree.Mapping) -> Iterable[str]:
    return [
        str(slot.value.value)
        for slot in entries(one, "destinations").slots
        if isinstance(slot.value, Scalar)
    ]
