"""
What the letters say that is no template: greetings, times, and what is wrong with a domain.

The checks and their codes are those of the contract, §5.2. In French a no-break space stands
before `:`, `?`, `!` and within `« »`, and between a number and what it counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from mailstate.letters.addresses import greeted, shown
from mailstate.letters.templates import Language
from mailstate.model.state import Check

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The sentences of one language; what is to be filled in stands in braces."""

    hello: str
    valid: str
    valid_once: str
    valid_often: str
    moments: str
    day: tuple[str, str]
    hour: tuple[str, str]
    minute: tuple[str, str]
    both: str
    help: str
    help_at: str
    name: str
    kind: str
    value: str
    publish: str
    unknown_check: str
    codes: Mapping[str, str]
    checks: Mapping[str, str]


_FRENCH = Words(
    hello="Bonjour",
    valid="Ce lien est valable pendant {time}.",
    valid_once="Ce lien est valable pendant {time} et ne peut servir qu’une seule fois.",
    valid_often="Ce lien est valable pendant {time} et peut servir {uses}\u00a0fois.",
    moments="quelques instants",
    day=("1\u00a0jour", "{}\u00a0jours"),
    hour=("1\u00a0heure", "{}\u00a0heures"),
    minute=("1\u00a0minute", "{}\u00a0minutes"),
    both="{} et {}",
    help=(
        "Une question\u00a0? Adressez-vous à la personne qui gère les adresses e-mail dans votre"
        " organisation."
    ),
    help_at="Une question\u00a0? Écrivez à {contact}.",
    name="Nom\u00a0:",
    kind="Type\u00a0:",
    value="Valeur\u00a0:",
    publish="Chez l’hébergeur DNS de votre domaine, publiez\u00a0:",
    unknown_check="La vérification «\u00a0{name}\u00a0» échoue.",
    codes={
        "must_exist": (
            "Le domaine est introuvable dans le DNS\u00a0: il n’est pas enregistré, ou ses serveurs"
            " DNS ne répondent pas."
        ),
        "no_mx": "Il manque l’enregistrement MX\u00a0: le courrier ne peut pas arriver.",
        "wrong_mx": (
            "L’enregistrement MX désigne un autre serveur\u00a0: le courrier part ailleurs."
        ),
        "no_cname_webmail": "Il manque l’adresse du webmail.",
        "wrong_cname_webmail": "L’adresse du webmail désigne un autre serveur.",
        "no_cname_imap": "Il manque l’adresse du serveur IMAP, pour les logiciels de messagerie.",
        "wrong_cname_imap": "L’adresse du serveur IMAP désigne un autre serveur.",
        "no_cname_smtp": "Il manque l’adresse du serveur SMTP, pour les logiciels de messagerie.",
        "wrong_cname_smtp": "L’adresse du serveur SMTP désigne un autre serveur.",
        "no_spf": (
            "Il manque l’enregistrement SPF\u00a0: vos messages risquent d’être pris pour du"
            " courrier indésirable."
        ),
        "invalid_spf": "L’enregistrement SPF est illisible.",
        "wrong_spf": (
            "L’enregistrement SPF oublie notre serveur\u00a0: complétez-le, sans en ajouter un"
            " second."
        ),
        "no_dkim": "Il manque la clé DKIM, qui signe vos messages.",
        "wrong_dkim": "La clé DKIM, qui signe vos messages, n’est pas la bonne.",
        "no_cert": "Le certificat de sécurité n’est pas encore prêt.",
        "no_test": "Une vérification n’a pas encore eu lieu.",
    },
    checks={
        "postfix": "Le serveur de courrier n’est pas encore réglé pour ce domaine.",
        "ox": "La messagerie n’est pas encore réglée pour ce domaine.",
        "cert": "Le certificat de sécurité n’est pas encore prêt.",
        "webmail_ok": "Le webmail ne répond pas pour ce domaine.",
    },
)

_ENGLISH = Words(
    hello="Hello",
    valid="This link works for {time}.",
    valid_once="This link works for {time} and can be used only once.",
    valid_often="This link works for {time} and can be used {uses}\u00a0times.",
    moments="a few moments",
    day=("1\u00a0day", "{}\u00a0days"),
    hour=("1\u00a0hour", "{}\u00a0hours"),
    minute=("1\u00a0minute", "{}\u00a0minutes"),
    both="{} and {}",
    help="Any questions? Ask whoever looks after e-mail addresses in your organisation.",
    help_at="Any questions? Write to {contact}.",
    name="Name:",
    kind="Type:",
    value="Value:",
    publish="Publish this where the DNS of your domain is hosted:",
    unknown_check="The check “{name}” fails.",
    codes={
        "must_exist": (
            "The domain cannot be found in the DNS: it is not registered, or its name servers do"
            " not answer."
        ),
        "no_mx": "The MX record is missing: mail cannot arrive.",
        "wrong_mx": "The MX record names another server: mail goes elsewhere.",
        "no_cname_webmail": "The address of the webmail is missing.",
        "wrong_cname_webmail": "The address of the webmail names another server.",
        "no_cname_imap": "The address of the IMAP server, for mail programs, is missing.",
        "wrong_cname_imap": "The address of the IMAP server names another server.",
        "no_cname_smtp": "The address of the SMTP server, for mail programs, is missing.",
        "wrong_cname_smtp": "The address of the SMTP server names another server.",
        "no_spf": "The SPF record is missing: your messages may be taken for junk.",
        "invalid_spf": "The SPF record cannot be read.",
        "wrong_spf": (
            "The SPF record leaves out our server: complete it, without adding a second one."
        ),
        "no_dkim": "The DKIM key, which signs your messages, is missing.",
        "wrong_dkim": "The DKIM key, which signs your messages, is not the right one.",
        "no_cert": "The security certificate is not ready yet.",
        "no_test": "A check has not been made yet.",
    },
    checks={
        "postfix": "The mail server is not set up for this domain yet.",
        "ox": "The webmail is not set up for this domain yet.",
        "cert": "The security certificate is not ready yet.",
        "webmail_ok": "The webmail does not answer for this domain.",
    },
)

_WORDS = {Language.FR: _FRENCH, Language.EN: _ENGLISH}


def greeting(language: Language, name: str | None) -> str:
    """`Bonjour Jean Dupont,`, or without a name that reads as none."""
    known = greeted(name)
    return f"{_WORDS[language].hello}{' ' if known else ''}{known},"


def validity(language: Language, seconds: int, uses: int | None) -> str:
    """How long a link works, and how often."""
    words = _WORDS[language]
    time = _duration(words, seconds)
    if uses is None:
        return words.valid.format(time=time)
    if uses == 1:
        return words.valid_once.format(time=time)
    return words.valid_often.format(time=time, uses=uses)


def help_with(language: Language, contact: str | None) -> str:
    """Whom to ask: *contact*, be it text or HTML, or the people next door."""
    words = _WORDS[language]
    return words.help if contact is None else words.help_at.format(contact=contact)


def what_is_wrong(language: Language, check: Check) -> str:
    """Say in a sentence what *check* found."""
    words = _WORDS[language]
    known = [words.codes[code] for code in check.codes if code in words.codes]
    sentence = " ".join(known) or words.checks.get(check.name)
    return sentence or words.unknown_check.format(name=shown(check.name))


def headings(language: Language) -> tuple[str, str, str, str]:
    """What stands before the records to publish, their type, name and value."""
    words = _WORDS[language]
    return words.publish, words.kind, words.name, words.value


def _duration(words: Words, seconds: int) -> str:
    """Whole days, or hours and minutes; rounded down, so that nobody comes too late."""
    if seconds < _MINUTE:
        return words.moments
    if seconds >= 2 * _DAY:
        return _count(words.day, seconds // _DAY)
    hours, minutes = seconds // _HOUR, seconds % _HOUR // _MINUTE
    parts = [_count(words.hour, hours)] if hours else []
    parts += [_count(words.minute, minutes)] if minutes else []
    return words.both.format(*parts) if len(parts) > 1 else parts[0]


def _count(unit: tuple[str, str], number: int) -> str:
    return unit[0] if number == 1 else unit[1].format(number)
