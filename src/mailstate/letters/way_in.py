"""Which way in the holder of a mailbox gets, and what became of the letter that brings it."""

from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from enum import StrEnum
from typing import Protocol

from mailstate.errors import MailstateError
from mailstate.letters.addresses import mail_address, shown
from mailstate.letters.compose import LoginLink, link_letter, password_letter
from mailstate.letters.delivery import (
    Delivered,
    Delivery,
    NewStamp,
    NotSent,
    Undelivered,
    Way,
    new_stamp,
    undelivered,
)
from mailstate.letters.letterhead import Letterhead
from mailstate.letters.postman import Postman
from mailstate.model.resources import Mailbox
from mailstate.model.secret import Secret


class NotifyMode(StrEnum):
    """The setting `notify.mode`."""

    LINK = "login-link"
    PASSWORD = "password"  # noqa: S105 - the name of a mode
    AUTO = "auto"
    """A link where the server has them, else a password."""

    NONE = "none"


class Keys(Protocol):
    """What dimail can give besides the password of a creation answer (contract §9)."""

    async def login_code(self, mailbox: Mailbox) -> LoginLink | None:
        """A code that opens *mailbox*; None if this server has no such call."""

    async def reset_password(self, mailbox: Mailbox) -> Secret | None:
        """A new password for *mailbox*; None if this server has no such call."""


@dataclass(frozen=True, slots=True)
class _Key:
    """What opens a mailbox, and what to call it."""

    way: Way
    key: LoginLink | Secret


class WayIn:
    """Sends the holders of mailboxes their way in, by one letter each."""

    def __init__(
        self,
        mode: NotifyMode,
        *,
        keys: Keys,
        postman: Postman,
        head: Letterhead,
        stamp: NewStamp = new_stamp,
    ) -> None:
        self._mode = mode
        self._keys = keys
        self._postman = postman
        self._head = head
        self._stamp = stamp

    async def welcome(self, mailbox: Mailbox, password: Secret | None = None) -> Delivery:
        """
        Send the holder of *mailbox* the way in, and say what became of it.

        *password* is that of the creation answer, if it is known. Nothing that has to do with one
        mailbox alone is raised, so that the others get their letters.
        """
        reason = self._no_letter(mailbox)
        if reason is not None:
            return NotSent(reason=reason)
        to = mailbox.secondary_email or ""
        address = mail_address(to)
        if address is None:
            return Undelivered(
                to=shown(to), reason="this is no e-mail address", hint="correct `secondary_email`"
            )
        try:
            key = await self._key(mailbox, password)
            if key is None:
                return Undelivered(
                    to=to,
                    reason="this dimail gives neither a login link nor a password",
                    hint="have the operator of dimail reset the password; `mailstate notify "
                    "--settled` then ends what a journal owes",
                )
            await self._postman.send(self._letter(address, mailbox, key))
        except MailstateError as error:
            return undelivered(to, error)
        return Delivered(to=to, way=key.way)

    def _no_letter(self, mailbox: Mailbox) -> str | None:
        """Why there is no letter to send for *mailbox*, or None if there is one."""
        if self._mode is NotifyMode.NONE:
            return "letters are switched off"
        if not mailbox.secondary_email:
            return "there is no secondary address"
        if mailbox.secondary_email.lower() == mailbox.address.lower():
            return "the secondary address is the mailbox itself"
        if mailbox.active is False:
            return "the mailbox is not active"
        return None

    async def _key(self, mailbox: Mailbox, password: Secret | None) -> _Key | None:
        """The first key that can be had in this mode."""
        refusal: MailstateError | None = None
        if self._mode is not NotifyMode.PASSWORD:
            try:
                link = await self._keys.login_code(mailbox)
            except MailstateError as error:
                if self._mode is NotifyMode.LINK:
                    raise
                link, refusal = None, error
            if link is not None:
                return _Key(Way.LINK, link)
        if self._mode is not NotifyMode.LINK:
            if password:
                return _Key(Way.PASSWORD, password)
            reset = await self._keys.reset_password(mailbox)
            if reset:
                return _Key(Way.RESET, reset)
        if refusal is not None:
            raise refusal
        return None

    def _letter(self, to: Address, mailbox: Mailbox, key: _Key) -> EmailMessage:
        if isinstance(key.key, LoginLink):
            return link_letter(self._head, to, mailbox, key.key, self._stamp())
        return password_letter(self._head, to, mailbox, key.key, self._stamp())
