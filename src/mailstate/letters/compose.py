"""
Values to letters: `EmailMessage`s with a plain and an HTML half. Pure: same values, same bytes.

Names and addresses come from files that strangers may have written: no value can add a header, a
line of its own in a text, or mark-up to the HTML.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from enum import StrEnum
from html import escape
from itertools import starmap
from urllib.parse import quote

from mailstate.letters import words
from mailstate.letters.addresses import shown, shown_in_header
from mailstate.letters.folding import new_letter
from mailstate.letters.letterhead import Letterhead
from mailstate.letters.records import Record
from mailstate.letters.templates import Letter
from mailstate.model.resources import DomainName, Mailbox
from mailstate.model.secret import Secret
from mailstate.model.state import Check

_GAP = re.compile(r"\n{3,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What makes a letter this one: when it was written, and a token that no other letter has."""

    date: datetime
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginLink:
    """A code that opens a mailbox (contract §9), `max_uses` times within `expires_in` seconds."""

    code: Secret
    expires_in: int
    max_uses: int | None = None


class News(StrEnum):
    """What there is to tell of a domain; the values are those of `Letter`."""

    ENABLED = Letter.ENABLED
    ACTION_REQUIRED = Letter.ACTION_REQUIRED
    FAILED = Letter.FAILED


@dataclass(frozen=True, slots=True)
class _Filling:
    """What stands for a placeholder in the text, and what in the HTML."""

    text: str
    html: str


def link_letter(
    head: Letterhead, to: Address, mailbox: Mailbox, link: LoginLink, stamp: Stamp
) -> EmailMessage:
    """The confirmation of *mailbox* with a link that opens it."""
    url = head.webmail.login(mailbox.domain, link.code)
    fillings = {
        **_of_mailbox(head, mailbox),
        "link": _plain(url.reveal()),
        "validity": _plain(words.validity(head.language, link.expires_in, link.max_uses)),
    }
    return _letter(head, Letter.LINK, to, fillings, stamp, domain=mailbox.domain)


def password_letter(
    head: Letterhead, to: Address, mailbox: Mailbox, password: Secret, stamp: Stamp
) -> EmailMessage:
    """The confirmation of *mailbox* with its first password."""
    fillings = {**_of_mailbox(head, mailbox), "password": _plain(password.reveal())}
    return _letter(head, Letter.PASSWORD, to, fillings, stamp, domain=mailbox.domain)


def domain_letter(
    head: Letterhead,
    to: Address,
    domain: DomainName,
    news: News,
    stamp: Stamp,
    *,
    checks: Iterable[Check] = (),
    records: Iterable[Record] = (),
) -> EmailMessage:
    """
    The letter that tells the support address of *domain* of *news*.

    Of the failing *checks* it tells those that the news are about: the provider's own ones are no
    business of an owner who is to publish *records*, and the other way round.
    """
    internal = news is News.FAILED
    problems = [
        words.what_is_wrong(head.language, check) for check in checks if check.internal is internal
    ]
    fillings = {
        "domain": _plain(domain),
        "problems": _problems(problems),
        "records": _records(head, records),
    }
    return _letter(head, Letter(news), to, fillings, stamp)


def _of_mailbox(head: Letterhead, mailbox: Mailbox) -> dict[str, _Filling]:
    return {
        "address": _plain(mailbox.address),
        "greeting": _plain(words.greeting(head.language, mailbox.display_name)),
        "webmail": _plain(head.webmail.of(mailbox.domain)),
        "help": _help(head, head.contacts.get(mailbox.domain)),
    }


def _help(head: Letterhead, contact: str | None) -> _Filling:
    link = None
    if contact is not None:
        link = (
            f'<a class="link" href="mailto:{escape(quote(contact, safe="@"))}"'
            f' style="color:#1f3fa8">{escape(contact)}</a>'
        )
    return _Filling(words.help_with(head.language, contact), words.help_with(head.language, link))


def _letter(
    head: Letterhead,
    letter: Letter,
    to: Address,
    fillings: Mapping[str, _Filling],
    stamp: Stamp,
    *,
    domain: DomainName | None = None,
) -> EmailMessage:
    texts = head.templates.letters[letter, head.language]
    as_text = {name: filling.text for name, filling in fillings.items()}
    as_html = {name: filling.html for name, filling in fillings.items()}
    subject = shown_in_header(texts.subject.substitute(as_text))
    page = head.templates.layout.substitute(
        content=texts.html.substitute(as_html),
        language=head.language,
        subject=escape(subject),
    )
    message = new_letter(is_ascii=to.addr_spec.isascii())
    message["From"] = head.sender.header
    message["To"] = to
    if contact := domain and head.contacts.get(domain):
        message["Reply-To"] = contact
    message["Subject"] = subject
    message["Date"] = stamp.date
    message["Message-ID"] = f"<{stamp.token}@{head.sender.address.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    # Where a placeholder stood for nothing, its paragraph goes as well.
    text = _GAP.sub("\n\n", texts.text.substitute(as_text))
    message.set_content(text, cte="quoted-printable")
    message.add_alternative(page, subtype="html", cte="quoted-printable")
    message["Content-Language"] = head.language.value
    message.set_boundary(f"=_{stamp.token}")
    return message


def _plain(text: str) -> _Filling:
    safe = shown(text)
    return _Filling(safe, escape(safe))


def _problems(sentences: Iterable[str]) -> _Filling:
    items = [_plain(sentence) for sentence in sentences]
    if not items:
        return _Filling("", "")
    pages = "".join(f'<li style="margin:0 0 8px">{item.html}</li>\n' for item in items)
    return _Filling(
        "\n".join(f"- {item.text}" for item in items),
        f'<ul style="margin:0 0 24px;padding:0 0 0 24px">\n{pages}</ul>',
    )


def _records(head: Letterhead, records: Iterable[Record]) -> _Filling:
    """The sentence that asks for *records*, and the records; nothing if there are none."""
    publish, *headings = words.headings(head.language)
    texts, pages = [], []
    for record in records:
        values = [shown(value) for value in (record.type, record.name, record.value)]
        told = list(zip(headings, values, strict=True))
        texts.append("\n".join(f"    {heading} {value}" for heading, value in told))
        pages.append(_BOX.format("".join(starmap(_row, told))))
    if not texts:
        return _Filling("", "")
    return _Filling(
        "\n\n".join([publish, *texts]),
        "\n".join([f'<p style="margin:0 0 16px">{escape(publish)}</p>', *pages]),
    )


_BOX = (
    '<div class="box" style="margin:0 0 12px;padding:12px 16px;border-radius:8px;'
    'background-color:#f0f2f8">\n<table border="0" cellpadding="0" cellspacing="0">\n{}</table>\n'
    "</div>"
)


def _row(heading: str, value: str) -> str:
    return (
        '<tr>\n<th class="quiet" scope="row" align="left" valign="top" style="padding:0 12px 0 0;'
        f'color:#545b6b;font-size:14px;line-height:22px;font-weight:400">{escape(heading)}</th>\n'
        '<td valign="top" style="font-family:Consolas,Menlo,\'DejaVu Sans Mono\',monospace;'
        f'font-size:14px;line-height:22px;word-break:break-all">{escape(value)}</td>\n</tr>\n'
    )
