"""
The entries of a plan as rows of single values, for `mailstate.reporting.twofold`.

A row has what the entry has in `mailstate.reporting.entries`, in the same order. What is around
it, the shape, is made of the first entry that has it.
"""

from collections.abc import Callable, Hashable, Mapping
from operator import attrgetter

from mailstate.model.resources import Key, Mailbox, Resource, kind_of
from mailstate.planning.causes import Cause
from mailstate.planning.plan import Blocked, Change, Held, Hold, Unmanaged
from mailstate.reporting.entries import (
    Json,
    blocked_entry,
    change_entry,
    held_entry,
    hold_values,
    resource_values,
    unmanaged_entry,
)
from mailstate.reporting.twofold import Shape, singles

_Row = tuple[object, ...]
Told = tuple[Shape, _Row]
"""An entry: what is around it, and its single values."""

_NOTHING: _Row = (None,)

_told_of_mailbox: Callable[[Mailbox], _Row] = attrgetter(
    "domain",
    "local_part",
    "first_name",
    "last_name",
    "display_name",
    "active",
    "secondary_email",
)


class Rows:
    """Shape and row of each entry; lines begin with *line* where entries stand."""

    def __init__(self, causes: Mapping[Key, Cause], *, line: str) -> None:
        self._causes = causes
        self._line = line
        self._shapes: dict[Hashable, Shape] = {}
        self._holds: dict[int, _Row] = {}

    def change(self, change: Change) -> Told:
        """Of a change that is made."""
        like, row = self._changed(change, None, None)
        return self._shape(like, lambda: change_entry(change)), row

    def held(self, held: Held) -> Told:
        """Of a change that waits; thousands wait for one and the same."""
        hold = held.hold
        like, row = self._changed(held.change, hold.reason, hold.detail)
        shape = self._shape((like, id(hold)), lambda: held_entry(held))
        return shape, row + self._told_of_hold(hold)

    def ended(self, change: Change, hold: Hold | None, detail: str | None, more: Json) -> Told:
        """Of a change that has ended, with *more* than the plan told of it."""
        like, row = self._changed(change, hold.reason if hold else None, detail)
        told = (*singles(more),)
        shape = self._shape(
            (like, id(hold), len(told)),
            lambda: {**change_entry(change), **hold_values(hold), **more},
        )
        return shape, row + self._told_of_hold(hold) + told

    def blocked(self, blocked: Blocked) -> Told:
        """Of a change that is not made."""
        change = blocked.change
        like, row = self._changed(change, blocked.reason, blocked.detail)
        shape = self._shape((like, Blocked), lambda: blocked_entry(blocked))
        return shape, (*row, change.note or None)

    def unmanaged(self, unmanaged: Unmanaged) -> Told:
        """Of what is left alone."""
        resource = unmanaged.resource
        key, told = resource.key, _told(resource)
        shape = self._shape((type(resource), len(told)), lambda: unmanaged_entry(unmanaged))
        why = unmanaged.reason, unmanaged.detail
        return shape, (key, kind_of(resource), None, *told, None, *why, None, self._causes.get(key))

    def _changed(
        self, change: Change, reason: str | None, detail: str | None
    ) -> tuple[Hashable, _Row]:
        resource, before, after, place = change.resource, change.before, change.after, change.place
        key, was, wanted = resource.key, _told(before), _told(after)
        like = type(before), len(was), type(after), len(wanted), len(change.fields), place is None
        row = (
            key,
            kind_of(resource),
            change.action,
            *was,
            *wanted,
            *change.fields,
            reason,
            detail or change.note or None,
            *((None,) if place is None else (place.file, place.line)),
            self._causes.get(key),
        )
        return like, row

    def _shape(self, like: Hashable, entry: Callable[[], Json]) -> Shape:
        shape = self._shapes.get(like)
        if shape is None:
            shape = self._shapes[like] = Shape(entry(), self._line)
        return shape

    def _told_of_hold(self, hold: Hold | None) -> _Row:
        row = self._holds.get(id(hold))
        if row is None:
            row = self._holds[id(hold)] = (*singles(hold_values(hold)),)
        return row


def _told(resource: Resource | None) -> _Row:
    """The single values of *resource*: where they are as many, they are in the same places."""
    if isinstance(resource, Mailbox):
        return _told_of_mailbox(resource)
    if resource is None:
        return _NOTHING
    return (*singles(resource_values(resource)),)
