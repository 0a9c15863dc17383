"""What the applier needs of dimail: `mailstate.dimail` gives it, tests bring others."""

from typing import Protocol

from mailstate.applying.outcome import Letter
from mailstate.model.resources import Access, Alias, DomainName, Mailbox, Resource
from mailstate.model.secret import Secret
from mailstate.model.state import Found, LiveDomain

__all__ = ["Found", "MailApi"]


class Welcome(Protocol):
    """Gives the holder of a new mailbox the way in."""

    async def welcome(self, mailbox: Mailbox, password: Secret | None) -> Letter | None:
        """
        Send the one confirmation for *mailbox*, and say what became of it; None if none is due.

        *password* is None if it was lost with the answer to the creation. Raises nothing that
        concerns one mailbox alone.
        """


class MailApi(Protocol):
    """
    One method, one call to dimail that changes or reads one thing.

    Each raises `RefusedCallError`, `BusyCallError` or `DoubtfulCallError`; none sends a call that
    changes something twice by itself.
    """

    async def create(self, resource: Resource) -> Secret | None:
        """Create *resource*; of a mailbox, give the password that dimail tells this once."""

    async def update(self, before: Mailbox, after: Mailbox, fields: tuple[str, ...]) -> None:
        """Change *fields* of the mailbox that dimail has as *before*."""

    async def delete(self, resource: Access | Alias | Mailbox) -> None:
        """Delete *resource*, spelt as dimail has it; one that is gone already is no error."""

    async def find(self, resource: Resource) -> Found | None:
        """Read back the one thing that has the key of *resource*; None if dimail has none."""

    async def look(self, domain: DomainName) -> LiveDomain:
        """
        Have *domain* checked, repaired where only internal checks fail, and read anew.

        Mailboxes and aliases are read only if the domain turns out enabled, or its state untold.
        A check that fails is no error: it is told in `check_error`.
        """
