"""The letters as mail programs get them: both halves, both languages, whatever names hold."""

import dataclasses
import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstate.letters.addresses import mail_address
from mailstate.letters.compose import LoginLink, News, domain_letter, link_letter, password_letter
from mailstate.letters.records import Record
from mailstate.letters.templates import Language
from mailstate.model.resources import DomainName
from mailstate.model.secret import Secret
from mailstate.model.state import Check
from tests.letters.support import (
    JEAN,
    LINK,
    PASSWORD,
    STAMP,
    TO,
    D,
    Page,
    head,
    html_of,
    parsed,
    text_of,
)

MX = Check(name="mx", internal=False, codes=("wrong_mx",))
CERT = Check(name="cert", internal=True, codes=("no_cert",))
RECORD = Record(name="commune.example", type="MX", value="mx.ox.numerique.gouv.fr.")
HEADS = {language: head(language, contacts={D: "dsi@commune.example"}) for language in Language}
SUPPORT = mail_address("dsi@commune.example")


NAMES = ("link", "password", *News)


def compose(name, language, *, mailbox=JEAN, link=LINK, password=PASSWORD, **domain):
    """Compose one letter."""
    top = HEADS[language]
    if name == "link":
        return link_letter(top, TO, mailbox, link, STAMP)
    if name == "password":
        return password_letter(top, TO, mailbox, password, STAMP)
    told = {"domain": D, "checks": [MX, CERT], "records": [RECORD], **domain}
    return domain_letter(top, TO, news=News(name), stamp=STAMP, **told)


def letters(language, **values):
    """Compose all letters in *language*, by name."""
    return {name: compose(name, language, **values) for name in NAMES}


ALL = [
    pytest.param(message, language, id=f"{name}.{language}")
    for language in Language
    for name, message in letters(language).items()
]


@pytest.mark.parametrize(("message", "language"), ALL)
def test_every_letter_has_the_headers_it_needs(message, language):
    """
    Parsed back, by a program that is strict about them.
    """
    read = parsed(message)

    assert "Messagerie <noreply@commune.example>" == read["From"]
    assert "jean@perso.example" == read["To"]
    assert datetime(2026, 9, 1, 8, 30, tzinfo=UTC) == read["Date"].datetime
    assert "<0123456789abcdef@commune.example>" == read["Message-ID"]
    assert "auto-generated" == read["Auto-Submitted"]
    assert language == read["Content-Language"]
    assert "commune.example" in read["Subject"]
    assert "multipart/alternative" == read.get_content_type()
    assert ["text/plain", "text/html"] == [part.get_content_type() for part in read.iter_parts()]
    assert message.as_bytes().isascii()


@pytest.mark.parametrize(("message", "language"), ALL)
def test_every_page_can_be_read_by_everyone(message, language):
    """
    Balanced, with language and title; nothing is fetched, no picture, no script.
    """
    read = parsed(message)
    html = html_of(read)
    page = Page(html)

    assert [] == page.faults
    assert html.startswith("<!doctype html>\n")
    assert ("html", "lang", language) in page.attributes
    assert read["Subject"] in page.texts
    assert 1 == page.tags.count("h1")
    assert set(page.tags) <= {
        *("html", "head", "meta", "title", "style", "body", "table", "tr", "td", "th", "div"),
        *("h1", "p", "a", "strong", "span", "br", "ul", "li"),
    }
    assert not re.search(r"url\(|src=|@import|\son\w+=", html)
    assert "$" not in html
    assert "$" not in text_of(read)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("half", [text_of, html_of])
def test_a_confirmation_with_a_link_says_how_to_use_it(language, half):
    """
    Address, link, how long, how often, where the webmail is, whom to ask.
    """
    read = half(parsed(letters(language)["link"]))
    words = {"fr": ("Bonjour Jean Dupont,", "1\u00a0heure", "3\u00a0fois")}.get(
        language, ("Hello Jean Dupont,", "1\u00a0hour", "3\u00a0times")
    )

    for expected in (
        "jean.dupont@commune.example",
        "https://webmail.commune.example/code/canary-code",
        "dsi@commune.example",
        *words,
    ):
        assert expected in read
    assert "canary-password" not in read


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("half", [text_of, html_of])
def test_a_confirmation_with_a_password_says_how_to_use_it(language, half):
    """
    Address, password, the advice to change it, and where the webmail is.
    """
    read = half(parsed(letters(language)["password"]))
    advice = {"fr": "changez ce mot de passe"}.get(language, "change this password")

    for expected in (
        "jean.dupont@commune.example",
        "canary-password",
        advice,
        "https://webmail.commune.example",
        "dsi@commune.example",
    ):
        assert expected in read


@pytest.mark.parametrize("name", ["link", "password"])
def test_no_secret_is_in_a_header(name):
    """
    Subjects are shown on locked screens.
    """
    headers = str(parsed(letters(Language.FR)[name]).items())

    assert "canary" not in headers


def test_answers_go_to_those_who_look_after_the_domain():
    """
    Where nobody does, to the sender.
    """
    alone = link_letter(head(), TO, JEAN, LINK, STAMP)

    assert "dsi@commune.example" == parsed(letters(Language.FR)["link"])["Reply-To"]
    assert None is parsed(alone)["Reply-To"]
    assert "la personne qui gère les adresses e-mail" in text_of(parsed(alone))


def test_a_letter_about_an_action_tells_what_the_owner_can_mend():
    """
    The provider's own troubles are no business of an owner.
    """
    read = parsed(letters(Language.EN)["domain-action-required"])

    for half in (text_of(read), html_of(read)):
        assert "The MX record names another server: mail goes elsewhere." in half
        assert "mx.ox.numerique.gouv.fr." in half
        assert "certificate" not in half


def test_a_letter_about_a_failure_tells_the_other_half():
    """
    What the provider has to mend, and nothing to publish.
    """
    read = parsed(letters(Language.EN)["domain-failed"])

    for half in (text_of(read), html_of(read)):
        assert "The security certificate is not ready yet." in half
        assert "MX" not in half


def test_what_there_is_not_leaves_no_gap():
    """
    Without checks and records, their paragraphs are gone.
    """
    message = domain_letter(
        HEADS[Language.FR], TO, D, News.ACTION_REQUIRED, STAMP, checks=[], records=[]
    )
    read = parsed(message)

    assert "\n\n\n" not in text_of(read)
    assert "<ul" not in html_of(read)
    assert "Type" not in html_of(read)


def test_the_same_values_make_the_same_bytes():
    """
    Composing is pure.
    """
    once, again = letters(Language.FR), letters(Language.FR)

    assert {name: one.as_bytes() for name, one in once.items()} == {
        name: one.as_bytes() for name, one in again.items()
    }


def test_an_address_with_accents_makes_a_letter_in_utf8():
    """
    Its headers hold the address as it is (RFC 6532), its domain in A-labels.
    """
    to = mail_address("jérôme@château.example")
    assert to
    message = link_letter(HEADS[Language.FR], to, JEAN, LINK, STAMP)

    assert "jérôme@xn--chteau-xta.example" == parsed(message)["To"]
    assert "To: jérôme@xn--chteau-xta.example\r\n".encode() in message.as_bytes()


def test_a_code_cannot_leave_its_place_in_the_link():
    """
    Whatever the server gives is one part of a path.
    """
    link = dataclasses.replace(LINK, code=Secret('a/../b?c#d"<é'))
    read = text_of(parsed(letters(Language.FR, link=link)["link"]))

    assert "https://webmail.commune.example/code/a%2F..%2Fb%3Fc%23d%22%3C%C3%A9\n" in read


@pytest.mark.parametrize("password", ["=?q $x ", "a<b>&\"'c", "..x", ".", "é-¨"])
def test_a_password_comes_as_it_is(password):
    """
    Signs that HTML or mail would take for something else included.
    """
    read = parsed(letters(Language.FR, password=Secret(password))["password"])

    assert f"\n    {password}\n" in text_of(read)
    assert password in "\n".join(Page(html_of(read)).texts)


hostile = st.text() | st.sampled_from(
    [
        "x\r\nBcc: all@perso.example",
        "x\r\n\r\n--=_0123456789abcdef--",
        "</td><script>alert(1)</script>",
        '"><a href="http://mechant.example">',
        "\u202eexe.txt",
        "$link",
        "${password}",
        "=?utf-8?q?=0aBcc=3a_x?=",
        "\ud800",
        "\N{LINE SEPARATOR}",
    ]
)

OTHER = DomainName("other.example")  # nobody's support address, as that of a hostile name
TAME = {
    name: parsed(message)
    for name, message in letters(
        Language.EN, mailbox=dataclasses.replace(JEAN, domain=OTHER)
    ).items()
}


@given(
    letter=st.sampled_from(NAMES),
    name=hostile,
    local_part=hostile,
    domain=hostile,
    password=hostile,
    check=hostile,
    record=st.builds(Record, name=hostile, type=hostile, value=hostile),
    counts=st.tuples(st.integers(), st.none() | st.integers()),
)
def test_no_value_adds_a_header_a_line_or_a_tag(
    letter, name, local_part, domain, password, check, record, counts
):
    """
    A letter of hostile values has the headers, the lines and the tags of a harmless one.
    """
    expires_in, max_uses = counts
    wild = compose(
        letter,
        Language.EN,
        mailbox=dataclasses.replace(
            JEAN, display_name=name, local_part=local_part, domain=DomainName(domain)
        ),
        link=LoginLink(code=Secret(password), expires_in=expires_in, max_uses=max_uses),
        password=Secret(password),
        domain=DomainName(domain),
        checks=[
            Check(name=check, internal=False, codes=(check,)),
            Check(name=check, internal=True),
        ],
        records=[record],
    )

    read, expected = parsed(wild), TAME[letter]
    page, text = Page(html_of(read)), text_of(read)
    assert expected.keys() == read.keys()
    assert "\n" not in read["Subject"]
    assert Page(html_of(expected)).tags == page.tags
    assert [] == page.faults
    assert len(text_of(expected).splitlines()) == len(text.splitlines())
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b]", text)


def _luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(
    ("ink", "paper"),
    [
        ("#1f2430", "#ffffff"),
        ("#1f2430", "#f0f2f8"),
        ("#545b6b", "#ffffff"),
        ("#545b6b", "#f0f2f8"),
        ("#1f3fa8", "#ffffff"),
        ("#ffffff", "#1f3fa8"),
        ("#e6e8ee", "#1d2029"),
        ("#e6e8ee", "#2a2f3c"),
        ("#a9b0c0", "#1d2029"),
        ("#a9b0c0", "#2a2f3c"),
        ("#a9bcff", "#1d2029"),
        ("#12141a", "#a9bcff"),
    ],
)
def test_what_is_written_can_be_told_from_its_ground(ink, paper):
    """
    In daylight and in the dark, as WCAG 2.2 asks for small text (1.4.3).
    """
    page = html_of(letters(Language.FR)["domain-action-required"])
    page += html_of(letters(Language.FR)["link"])
    dark, light = sorted([_luminance(ink), _luminance(paper)])

    assert ink in page
    assert paper in page
    assert 4.5 <= (light + 0.05) / (dark + 0.05)
