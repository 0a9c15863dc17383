"""What all letters of a run share: who writes, in which language, with which texts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mailstate.errors import SettingsError
from mailstate.letters.addresses import Sender, mail_address, read_sender, shown
from mailstate.letters.templates import Language, Templates, read_templates
from mailstate.letters.webmail import DEFAULT_WEBMAIL, Webmail, read_webmail
from mailstate.model.resources import DomainName


@dataclass(frozen=True, slots=True, kw_only=True)
class Letterhead:
    """
    What all letters of a run share; `read_letterhead` makes it of settings.

    `contacts` holds the support addresses of domains: letters name them, and are answered to them.
    """

    sender: Sender
    templates: Templates
    webmail: Webmail
    language: Language = Language.FR
    contacts: Mapping[DomainName, str] = field(default_factory=dict)


def read_letterhead(
    *,
    sender: str,
    language: Language = Language.FR,
    webmail: str = DEFAULT_WEBMAIL,
    templates: Path | None = None,
    contacts: Mapping[DomainName, str] | None = None,
) -> Letterhead:
    """
    Read the settings of the letters; *templates* is a directory. Raises `SettingsError`.

    Of *contacts*, those that are no addresses are left out: a letter is better than none.
    """
    who, where = read_sender(sender), read_webmail(webmail)
    if who is None:
        raise SettingsError(
            f"the sender of the letters is no e-mail address: `{shown(sender)}`",
            hint="write noreply@commune.example, or Messagerie <noreply@commune.example>",
        )
    if where is None:
        raise SettingsError(
            f"the address of the webmail cannot be used: `{shown(webmail)}`",
            hint=f"write {DEFAULT_WEBMAIL}, or the https:// address that serves all domains",
        )
    return Letterhead(
        sender=who,
        templates=read_templates(templates),
        webmail=where,
        language=language,
        contacts={
            domain: address.addr_spec
            for domain, text in (contacts or {}).items()
            if (address := mail_address(text)) and address.addr_spec.isascii()
        },
    )
