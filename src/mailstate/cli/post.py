"""Letters for a run: from settings and environment to something the applier can use."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mailstate.applying.outcome import Letter
from mailstate.dimail.client import DimailClient
from mailstate.errors import SettingsError
from mailstate.letters.compose import LoginLink
from mailstate.letters.delivery import Delivered, NotSent, Undelivered
from mailstate.letters.letterhead import Letterhead, read_letterhead
from mailstate.letters.postman import Postman
from mailstate.letters.server import MailServer, read_mail_server
from mailstate.letters.support import Support
from mailstate.letters.templates import Language
from mailstate.letters.way_in import NotifyMode, WayIn
from mailstate.letters.webmail import DEFAULT_WEBMAIL
from mailstate.model.resources import Mailbox
from mailstate.model.secret import Secret
from mailstate.model.state import DesiredState
from mailstate.planning.plan import Action, Plan

_SANDBOX_SENDER = "mailstate@sandbox.example"


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A mail server, and what all letters of a run share."""

    server: MailServer
    head: Letterhead
    mode: NotifyMode


def read_post(
    settings: Mapping[str, Any], desired: DesiredState, *, sandbox_url: str | None
) -> Post | None:
    """
    The post of *settings* and environment; None if no mail server is named.

    Against the sandbox it is the sandbox's own, whatever is named. Raises `SettingsError`.
    """
    notify = settings.get("notify", {})
    url = sandbox_url or os.environ.get("MAILSTATE_SMTP_URL")
    if not url:
        return None
    sender = notify.get("sender") or (_SANDBOX_SENDER if sandbox_url else None)
    if not sender:
        raise SettingsError(
            "a mail server is named, but no sender for the letters",
            hint="set `sender` under [notify] in mailstate.toml, an address that it may send from",
        )
    ca_file = os.environ.get("MAILSTATE_CA_FILE") or settings.get("ca_file")
    templates = notify.get("templates")
    contacts = {
        name: domain.support_email
        for name, domain in desired.domains.items()
        if domain.support_email
    }
    return Post(
        server=read_mail_server(Secret(url), ca_file=Path(ca_file) if ca_file else None),
        head=read_letterhead(
            sender=sender,
            language=Language(notify.get("language", "fr")),
            webmail=notify.get("webmail", DEFAULT_WEBMAIL),
            templates=Path(templates) if templates else None,
            contacts=contacts,
        ),
        mode=NotifyMode(notify.get("mode", "auto")),
    )


def are_letters_off(settings: Mapping[str, Any]) -> bool:
    """Whether *settings* want no letters at all."""
    return bool(settings.get("notify", {}).get("mode") == NotifyMode.NONE)


class Greeter:
    """Welcomes the holders of new mailboxes: `mailstate.applying.mail_api.Welcome` over letters."""

    def __init__(self, way_in: WayIn) -> None:
        self._way_in = way_in

    async def welcome(self, mailbox: Mailbox, password: Secret | None) -> Letter | None:
        match await self._way_in.welcome(mailbox, password):
            case NotSent():
                return None
            case Delivered(to=to, way=way):
                return Letter(to=to, is_delivered=True, detail=way.value)
            case Undelivered(to=to, reason=reason, hint=hint):
                return Letter(to=to, is_delivered=False, detail=reason, hint=hint)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """The post while it is open: for holders of mailboxes, and for support addresses."""

    greeter: Greeter
    support: Support


def letters_due(plan: Plan) -> list[Mailbox]:
    """The mailboxes that *plan* creates, held ones too, whose holders wait for a confirmation."""
    changes = (*plan.changes, *(entry.change for entry in plan.held))
    return [
        change.after
        for change in changes
        if change.action is Action.CREATE
        and isinstance(change.after, Mailbox)
        and is_letter_due(change.after)
    ]


def is_letter_due(mailbox: Mailbox) -> bool:
    """Whether *mailbox*, once it is new, has a holder who is to be welcomed."""
    return bool(mailbox.secondary_email) and mailbox.active is not False


@asynccontextmanager
async def open_post(
    post: Post | None, client: DimailClient, *, tries_it: bool
) -> AsyncIterator[Counter | None]:
    """
    Keep the way to the mail server open, if there is one and letters are wanted.

    With *tries_it*, it is tried at once: raises `MailServerError` (exit code 4) if no letter
    could be sent.
    """
    if post is None or post.mode is NotifyMode.NONE:
        yield None
        return
    async with Postman(post.server, sender=post.head.sender.address) as postman:
        if tries_it:
            await postman.check()
        way_in = WayIn(post.mode, keys=_Keys(client), postman=postman, head=post.head)
        yield Counter(greeter=Greeter(way_in), support=Support(postman=postman, head=post.head))


class _Keys:
    """What the letters ask of dimail, as its client gives it."""

    def __init__(self, client: DimailClient) -> None:
        self._client = client

    async def login_code(self, mailbox: Mailbox) -> LoginLink | None:
        code = await self._client.login_code(mailbox)
        if code is None:
            return None
        return LoginLink(code=code.code, expires_in=code.expires_in, max_uses=code.max_uses)

    async def reset_password(self, mailbox: Mailbox) -> Secret | None:
        return await self._client.reset_password(mailbox)
