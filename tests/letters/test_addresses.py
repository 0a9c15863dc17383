"""Addresses and names: what mail can go to, and what may be said in a letter."""

from email import message_from_bytes
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstate.letters.addresses import (
    greeted,
    host_name,
    mail_address,
    read_sender,
    shown,
    shown_in_header,
)
from mailstate.letters.folding import new_letter

# Signs that mean something in headers come often enough to meet.
texts = st.text() | st.text(st.sampled_from('=?utf-8q_0aBcx:;<>"\\@,.() \r\n\té\u2028'))


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("jean@perso.example", "jean@perso.example"),
        ("Jean+mail@Perso.Example", "Jean+mail@perso.example"),
        ("jean@château.example", "jean@xn--chteau-xta.example"),
        ("jérôme@perso.example", "jérôme@perso.example"),
        ("root@localhost", "root@localhost"),
    ],
)
def test_an_address_has_its_domain_in_a_labels(written, sent):
    """
    The part before the @ is somebody else's business, and stays.
    """
    address = mail_address(written)

    assert address is not None
    assert sent == address.addr_spec


@pytest.mark.parametrize(
    "text",
    [
        "",
        "jean",
        "@perso.example",
        "jean@",
        "jean@-.example",
        "jean@perso..example",
        "jean@xn--\u00fc.example",
        "jean dupont@perso.example",
        "jean..dupont@perso.example",
        ".jean@perso.example",
        '"jean"@perso.example',
        "jean@perso.example\r\nBcc: all@perso.example",
        "jean\r\n@perso.example",
        "je\u202ean@perso.example",
        "<jean@perso.example>",
        "=?utf-8?q?=0aBcc=3a_x?=@perso.example",
        "jean@perso.example,luc@perso.example",
        f"{'j' * 250}@perso.example",
        f"jean@{'a.' * 130}example",
        f"jean@{'a' * 64}.example",
    ],
)
def test_what_is_no_address_is_none(text):
    """
    Neither a second address nor a header hides in one.
    """
    assert None is mail_address(text)


@given(st.text())
def test_no_text_makes_an_address_that_could_break_a_command(text):
    """
    Whatever is accepted goes between `<` and `>` of an SMTP command.
    """
    address = mail_address(text)

    if address is not None:
        assert not set(address.addr_spec) & set('<>\r\n\0 \t"(),:;[]\\')
        assert address.domain.isascii()


def test_a_host_may_be_written_with_accents_and_capitals():
    """
    It is asked for in A-labels.
    """
    assert "mail.xn--chteau-xta.example" == host_name("Mail.Château.example")


@pytest.mark.parametrize(
    ("text", "name", "address"),
    [
        ("noreply@commune.example", "", "noreply@commune.example"),
        ("Ville <noreply@commune.example>", "Ville", "noreply@commune.example"),
        (' "Ville, service" <n@commune.example> ', "Ville, service", "n@commune.example"),
        ("Mairie de Saint-Étienne <n@c.example>", "Mairie de Saint-Étienne", "n@c.example"),
    ],
)
def test_a_sender_is_an_address_with_or_without_a_name(text, name, address):
    """
    As people write it into settings.
    """
    sender = read_sender(text)

    assert sender is not None
    assert (name, address) == (sender.name, sender.address.addr_spec)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Ville",
        "Ville <>",
        "Ville <noreply>",
        "Ville\r\nBcc: a@b.example <n@commune.example>",
        "n@commune.example, m@commune.example",
        "Ville <n@commune.example> <m@commune.example>",
        "élu@commune.example",
        "=?utf-8?q?=0aBcc=3a_x?= <noreply@commune.example>",
        "=?utf-8?q?=0aBcc=3a_x?=@commune.example",
    ],
)
def test_what_is_no_sender_is_none(text):
    """
    An address that every server takes, and one alone.
    """
    assert None is read_sender(text)


@pytest.mark.parametrize(
    "name",
    [
        "Jean Dupont",
        "Zoë d’Été-L'Écuyer",
        "J. Dupont",
        "Service état civil (mairie)",
        "Ng",
        "O'Neil",
    ],
)
def test_names_of_people_and_services_are_greeted(name):
    """
    As they are written.
    """
    assert name == greeted(name)


@pytest.mark.parametrize(
    "name",
    [
        None,
        "",
        " Jean",
        "www.mechant.example",
        "http://mechant.example",
        "Appelez le 01 23 45 67 89",
        "jean@mechant.example",
        "<b>Jean</b>",
        "Jean\nDupont",
        "Jean\u202e",
        "J" * 81,
    ],
)
def test_what_does_not_read_as_a_name_is_not_greeted(name):
    """
    A stranger who wrote it into a file does not get to speak in our letters.
    """
    assert "" == greeted(name)


@given(st.text())
def test_what_is_shown_hides_nothing(text):
    """
    It is one line, and nothing in it is invisible; a second showing changes nothing.
    """
    safe = shown(text)

    assert 1 >= len(safe.splitlines())
    assert safe == shown(safe)


def test_printable_text_is_shown_as_it_is():
    """
    Accents and emoji included.
    """
    assert "Zoë 🙂" == shown("Zoë 🙂")


def test_what_cannot_be_seen_is_shown_as_an_escape():
    """
    Line breaks, turns of direction, zero width.
    """
    assert r"a\u000d\u000ab\u202ec\u200b" == shown("a\r\nb\u202ec\u200b")


@given(texts)
def test_a_header_says_what_it_was_given_and_nothing_else(text):
    """
    Neither a line break nor an encoded word that becomes one makes a second header.
    """
    message = new_letter(is_ascii=True)
    message["Subject"] = shown_in_header(text)
    read = message_from_bytes(message.as_bytes(), policy=default)

    assert ["Subject"] == read.keys()
    assert shown_in_header(text).split() == read["Subject"].split()
    assert message.as_bytes().decode() == message.as_string()


@given(texts, texts)
def test_no_sender_makes_a_second_header(name, local_part):
    """
    It comes from settings, and is not trusted either.
    """
    sender = read_sender(f"{name} <{local_part}@commune.example>")

    if sender is not None:
        message = new_letter(is_ascii=True)
        message["From"] = sender.header
        read = message_from_bytes(message.as_bytes(), policy=default)
        assert ["From"] == read.keys()
        assert [sender.address.addr_spec] == [one.addr_spec for one in read["From"].addresses]
