"""Changing a state file where it stands: what is not touched keeps its place and its comments."""

from collections.abc import Mapping as Table

from mailstate.statefiles.tree import Mapping, Node, Scalar, Sequence, Slot

Values = Table[str, str | bool | list[str]]


def mapping(values: Values) -> Mapping:
    """A mapping with these fields."""
    found = Mapping()
    for name, value in values.items():
        put(found, name, value)
    return found


def put(target: Mapping, name: str, value: str | bool | list[str]) -> Slot:  # noqa: FBT001 - a value
    """Have *value* in the field *name*; the slot it is in."""
    node: Node
    if isinstance(value, list):
        node = Sequence(slots=[Slot(value=Scalar(text)) for text in value])
    else:
        node = Scalar(value)
    slot = target.slot(name)
    if slot is None:
        slot = Slot(value=node, key=Scalar(name))
        target.slots.append(slot)
    else:
        slot.value = node
    return slot


def drop(target: Mapping, name: str) -> None:
    """Have no field *name*."""
    target.slots = [slot for slot in target.slots if not (slot.key and slot.key.value == name)]


def entries(target: Mapping, name: str) -> Sequence:
    """The list *name*, to be changed; made if there is none."""
    slot = target.slot(name)
    if slot is None:
        slot = put(target, name, [])
    node = own(slot)
    assert isinstance(node, Sequence)  # noqa: S101 - the schema has seen to it
    return node


def own_entries(target: Mapping, name: str) -> dict[str, Slot]:
    """The entries of the list *name* by their local part, to be changed."""
    slot = target.slot(name)
    if slot is not None:
        own(slot)
    return {one.text("local_part"): found for found, one in target.mappings(name)}


def own(slot: Slot) -> Node:
    """The value of *slot*, which an alias elsewhere does not share from now on."""
    if slot.value.anchor is not None:
        slot.value = _copy(slot.value)
    return slot.value


def own_mapping(slot: Slot) -> Mapping:
    """The mapping in *slot*, as `own` gives it."""
    node = own(slot)
    assert isinstance(node, Mapping)  # noqa: S101 - entries are mappings
    return node


def _copy(node: Node) -> Node:
    if isinstance(node, Scalar):
        return Scalar(node.value)
    slots = [
        Slot(
            value=_copy(slot.value),
            key=Scalar(slot.key.value) if slot.key else None,
            before=list(slot.before),
            beside=list(slot.beside),
        )
        for slot in node.slots
    ]
    if isinstance(node, Mapping):
        return Mapping(slots=slots, end=list(node.end))
    return Sequence(slots=slots, head=list(node.head), end=list(node.end))
