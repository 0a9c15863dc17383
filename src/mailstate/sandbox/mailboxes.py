"""What dovecot and Open-Xchange together say of a mailbox, in both spellings of the API."""

from __future__ import annotations

from dataclasses import dataclass

from .api_tables import Domain
from .call import Call
from .mail_tables import MailRow
from .ox_tables import ADMIN, OxUser


@dataclass(frozen=True, slots=True)
class Seen:
    """A mailbox as found in either store, or both."""

    email: str
    row: MailRow | None
    account: OxUser | None


def seen(call: Call, domain: Domain, local_part: str) -> Seen:
    """Return what is found of one address of *domain*, perhaps nothing."""
    email = f"{local_part}@{domain.name}"
    context = call.store.ox.context_of(domain.name) if domain.has_webmail else None
    return Seen(
        email,
        call.store.mail.mailbox(domain.name, local_part),
        call.store.ox.user(context, email) if context else None,
    )


def all_seen(call: Call, domain: Domain) -> list[Seen]:
    """Return the mailboxes of *domain* and every account of its context."""
    rows = {row.email: row for row in call.store.mail.mailboxes(domain.name)}
    context = call.store.ox.context_of(domain.name) if domain.has_webmail else None
    accounts = {user.email: user for user in call.store.ox.users(context)} if context else {}
    return [Seen(email, rows.get(email), accounts.get(email)) for email in sorted(rows | accounts)]


def view(call: Call, domain: Domain, mailbox: Seen) -> dict[str, object]:
    """
    Return a mailbox as the first API shows it.

    In 2026 a mailbox that is meant to have no account is `ok`, an inactive one too, and
    both lack the names altogether; elsewhere the names are null.
    """
    modern = call.profile.modern
    row, account = mailbox.row, mailbox.account
    accountless = modern and row is not None and (row.functional or row.active != "yes")
    whole = row is not None and (account is not None or accountless or not domain.has_webmail)
    shown: dict[str, object] = {
        "type": "mailbox",
        "status": "ok" if whole else "broken",
        "email": mailbox.email,
    }
    if account or not (accountless and domain.has_webmail):
        shown |= {
            "givenName": account.given_name if account else None,
            "surName": account.sur_name if account else None,
            "displayName": account.display_name if account else None,
        }
    if modern:
        shown |= {"active": row.active if row else "unknown", "additionalSenders": []}
    return shown


def second_view(call: Call, mailbox: Seen) -> dict[str, object]:
    """Return a mailbox as the second API shows it."""
    account = mailbox.account
    names = account and {
        "given_name": account.given_name,
        "sur_name": account.sur_name,
        "display_name": account.display_name,
    }
    active = mailbox.row.active if mailbox.row else "unknown"
    spelt = (
        {"active": active}
        if call.dimail.settings.v2_spelling == "active"
        else {"imap_active": active, "smtp_active": active}
    )
    return {
        "type": "mailbox",
        **spelt,
        "email": mailbox.email,
        "features": ["ox"] if account else [],
        "extras": {"ox": names, "schedule": None},
        "dirty_quirks": {"ox-config": {}} if account else None,
        "additionalSenders": [],
        "rate_limit": None,
        "quota": None,
    }


def is_technical(mailbox: Seen) -> bool:
    """Say whether it is the administrator of an Open-Xchange context."""
    return mailbox.row is None and mailbox.email.startswith(f"{ADMIN}@")
