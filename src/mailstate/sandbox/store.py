"""All that the server holds, and the means to arrange it without asking the server."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Literal

from . import checks as looking
from .api_tables import ApiTables, Domain, User
from .database import Database, Limits
from .dns import Dns
from .effects import Effects
from .errors import SandboxError
from .mail_tables import AliasRow, MailRow, MailTables
from .outbox import Outbox
from .ox_tables import OxTables, OxUser
from .passwords import generate, hashed
from .profiles import Settings

FEATURES = ("webmail", "mailbox", "alias")
Half = Literal["ox", "dovecot"]


class Store:
    """
    Three stores that know nothing of each other, plus the DNS, the outbox and the log of effects.

    `api`, `mail` and `ox` are what the server writes one after the other. The methods here
    arrange a state in all of them at once, check nothing, and are not logged as effects.
    """

    def __init__(self, path: Path | None, settings: Settings) -> None:
        """Open the file at *path*, or an empty store in memory."""
        self._settings = settings
        profile = settings.profile
        limits = (
            Limits(user_name=profile.user_name_width, alias=profile.alias_width)
            if settings.strict_lengths
            else None
        )
        self.database = Database(path)
        made_as = self.database.remember("profile", profile.name)
        if made_as != profile.name:
            self.database.close()
            raise SandboxError(
                f"{path} holds a sandbox of profile {made_as}, not {profile.name}",
                hint=f"start it as {made_as}, or reset it while it is stopped",
            )
        self.api = ApiTables(self.database, limits)
        self.mail = MailTables(self.database, limits)
        self.ox = OxTables(self.database, unique=settings.ox_unique, bare_names=not profile.modern)
        self.dns = Dns(self.database)
        self.internal = looking.InternalChecks(self.database)
        self.outbox = Outbox(self.database)
        self.effects = Effects(self.database, has_states=profile.checks)
        self.secret = self.database.remember("secret", secrets.token_hex(32))

    def hashed(self, password: str) -> str:
        """Return what is stored of *password* at this server's cost."""
        return hashed(password, self._settings.cost)

    def add_user(
        self,
        name: str,
        password: str = "no",  # noqa: S107  what People gives to everybody
        *,
        is_admin: bool = False,
        perms: Iterable[str] = (),
    ) -> User:
        """Add an API user."""
        return self.api.insert_user(name, self.hashed(password), is_admin=is_admin, perms=perms)

    def remove_user(self, name: str) -> bool:
        """Remove an API user and their allows; say whether there was one."""
        return self.api.delete_user(name)

    def add_domain(  # noqa: PLR0913  a domain has as many fields
        self,
        name: str,
        *,
        features: Iterable[str] = FEATURES,
        context: str | None = None,
        delivery: str = "virtual",
        state: str = "new",
        published: bool | None = None,
        imap_domains: Iterable[str] | None = None,
        smtp_domains: Iterable[str] | None = None,
        mailbox_domain: str | None = None,
        webmail_domain: str | None = None,
    ) -> Domain:
        """
        Add a domain, mapped into *context* (its own name by default) if it has webmail.

        One whose state is `ok` has its DNS published too, unless *published* says otherwise:
        the next check would break it else.
        """
        modern = self._settings.profile.modern
        domain = Domain(
            name=name,
            features=tuple(features),
            delivery=delivery,
            state=state,
            imap_domains=None if imap_domains is None else tuple(imap_domains),
            smtp_domains=None if smtp_domains is None else tuple(smtp_domains),
            mailbox_domain=mailbox_domain,
            webmail_domain=webmail_domain,
        )
        if state == "ok" if published is None else published:
            self.dns.publish(domain)
        if state == "ok":
            domain = replace(domain, checks=looking.passing(modern=modern))
        elif state == "broken":
            domain = replace(
                domain, checks=looking.run(domain, self.dns, self.internal, modern=modern)
            )
        else:
            domain = replace(domain, checks=looking.untested(modern=modern))
        if domain.has_webmail:
            self.ox.map_domain(name, context or name)
        self.api.insert_domain(domain)
        return domain

    def set_state(self, name: str, state: str) -> None:
        """Set the state of a domain as it stands, whatever a check would say."""
        domain = self.api.domain(name)
        if domain:
            self.api.update_state(name, state, domain.checks or {})

    def remove_domain(self, name: str) -> bool:
        """Remove a domain, its allows and its mapping; its mailboxes stay where they are."""
        self.ox.unmap_domain(name)
        return self.api.delete_domain(name)

    def add_allow(self, user: str, domain: str) -> None:
        """Allow *user* on *domain*."""
        self.api.insert_allow(user, domain)

    def remove_allow(self, user: str, domain: str) -> bool:
        """Take the allow of *user* on *domain* away; say whether there was one."""
        return self.api.delete_allow(user, domain)

    def add_mailbox(  # noqa: PLR0913  a mailbox has as many fields
        self,
        domain: str,
        local_part: str,
        *,
        given_name: str = "",
        sur_name: str = "",
        display_name: str | None = None,
        active: str = "yes",
        functional: bool = False,
        half: Half | None = None,
        password: str | None = None,
    ) -> None:
        """
        Add a mailbox, or only the *half* of it that lies in one store.

        A *functional* one has no webmail account on purpose, an inactive one has lost it.
        """
        context = self.ox.context_of(domain)
        if context and half != "dovecot" and not functional and active == "yes":
            names = OxUser(
                email=f"{local_part}@{domain}",
                given_name=given_name,
                sur_name=sur_name,
                display_name=(
                    f"{given_name} {sur_name}".strip() if display_name is None else display_name
                ),
            )
            self.ox.create(context, names)
        if half != "ox":
            row = MailRow(
                domain=domain,
                local_part=local_part,
                password=self.hashed(password or generate()),
                active=active,
                functional=functional,
            )
            self.mail.insert_mailbox(row)

    def set_active(self, domain: str, local_part: str, active: str) -> None:
        """Set whether a mailbox is active; one that is not loses its webmail account."""
        row = self.mail.mailbox(domain, local_part)
        if row:
            self.mail.update_mailbox(replace(row, active=active))
        context = self.ox.context_of(domain)
        if context and active != "yes":
            self.ox.delete(context, f"{local_part}@{domain}")

    def remove_mailbox(self, domain: str, local_part: str, *, half: Half | None = None) -> bool:
        """Remove a mailbox, or the *half* of it that is named; say whether there was one."""
        context = self.ox.context_of(domain)
        found = False
        if context and half != "dovecot":
            found = self.ox.delete(context, f"{local_part}@{domain}")
        if half != "ox":
            found = self.mail.delete_mailbox(domain, local_part) or found
        return found

    def add_alias(
        self, domain: str, user_name: str, destination: str, *, allow_to_send: bool = False
    ) -> None:
        """Add one destination of an alias."""
        self.mail.insert_alias(
            AliasRow(
                domain=domain,
                user_name=user_name,
                destination=destination,
                allow_to_send=allow_to_send,
            )
        )

    def remove_alias(self, domain: str, user_name: str, destination: str) -> bool:
        """Remove one destination of an alias; say whether it was there."""
        return self.mail.delete_alias(
            AliasRow(domain=domain, user_name=user_name, destination=destination)
        )

    def add_record(self, name: str, type: str, value: str) -> None:  # noqa: A002 - the record's own word
        """Publish one DNS record."""
        self.dns.add(name, type, value)

    def publish_dns(self, name: str) -> None:
        """Publish all that the domain called *name* needs, whether or not it exists yet."""
        self.dns.publish(self.api.domain(name) or Domain(name=name, features=FEATURES))

    def close(self) -> None:
        """Close the database."""
        self.database.close()
