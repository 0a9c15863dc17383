"""What differs between two resources of one address. Unknown is never a difference."""

from unicodedata import normalize

from mailstate.model.resources import Domain, Mailbox

_MAILBOX_FIELDS = ("first_name", "last_name", "display_name", "active")
_DOMAIN_FIELDS = ("features", "context", "delivery")


def mailbox_fields(live: Mailbox, desired: Mailbox) -> tuple[str, ...]:
    """
    The fields of *live* that an update must change to make it *desired*.

    `None` in *live* means that the server does not tell (contract §7): no difference. Nor are
    the secondary address, which dimail does not know, and capitals in the address. A mailbox that
    is switched on again gets its names anew: dimail has dropped them, and refuses it without.
    """
    fields = _differing(live, desired, _MAILBOX_FIELDS)
    if "active" in fields and desired.active:
        untold = {name for name in _MAILBOX_FIELDS if getattr(live, name) is None}
        return tuple(name for name in _MAILBOX_FIELDS if name in fields or name in untold)
    return fields


def domain_fields(live: Domain, desired: Domain) -> tuple[str, ...]:
    """
    The fields in which *live* is told to differ from *desired*.

    A domain without webmail asks for no context: whatever dimail tells of one is all right.
    """
    return _differing(live, desired, _DOMAIN_FIELDS)


def _differing(live: object, desired: object, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(
        name
        for name in names
        if (there := getattr(live, name)) is not None
        and (wanted := getattr(desired, name)) is not None
        and there != wanted
        and _comparable(there) != _comparable(wanted)
    )


def _comparable(value: object) -> object:
    return normalize("NFC", value) if isinstance(value, str) else value
