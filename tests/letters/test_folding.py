"""Headers with accents: what is written is what is read, by every Python that there is."""

import re
from email import message_from_bytes
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.policy import default
from email.utils import parseaddr

import pytest

from mailstate.letters.folding import new_letter

SUBJECTS = [
    "Domaine commune.example\u00a0: il reste quelque chose à faire",
    "Votre nouvelle boîte mail\u00a0: jean.dupont@commune.example",
    "é " * 90,
    "plain " * 30 + "end",
]
NAMES = [
    "Mairie de Saint-Étienne-du-Rouvray et des communes de la vallée à côté",
    "Ville, élus",
    "",
]


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_subject_is_read_as_it_was_written(subject):
    """
    Encoded words have blanks between them (RFC 2047 §2), and no line is long.
    """
    message = new_letter(is_ascii=True)
    message["Subject"] = subject
    written = message.as_bytes()

    assert subject.strip() == message_from_bytes(written, policy=default)["Subject"].strip()
    for word in written.split():
        assert b"=?" not in word or re.fullmatch(rb"=\?utf-8\?[bq]\?[^?]+\?=", word)
    assert 78 >= max(len(line) for line in written.splitlines())


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_read_as_it_was_written(name):
    """
    And the address beside it stays what it is.
    """
    message = new_letter(is_ascii=True)
    message["From"] = Address(name, "noreply", "commune.example")
    written = message.as_bytes()
    # The older reader: the newer one does not put long names together as RFC 2047 asks.
    read, address = parseaddr(message_from_bytes(written)["From"])

    assert (name, "noreply@commune.example") == (str(make_header(decode_header(read))), address)
    assert written.isascii()
    assert 78 >= max(len(line) for line in written.splitlines())


def test_nothing_is_encoded_for_addresses_with_accents():
    """
    Whoever takes those takes UTF-8 in headers.
    """
    message = new_letter(is_ascii=False)
    message["Subject"] = SUBJECTS[0]

    assert SUBJECTS[0] in message.as_string().replace("\r\n ", " ")


def test_two_senders_with_accents_are_left_to_python():
    """
    We write no such letters.
    """
    message = new_letter(is_ascii=True)
    message["From"] = [Address("É", "a", "b.example"), Address("À", "c", "d.example")]

    assert "a@b.example" in message.as_string()
