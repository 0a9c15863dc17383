"""Settings of the letters: what can be used, and what is told of what cannot."""

import pytest

from mailstate.errors import SettingsError
from mailstate.letters.letterhead import read_letterhead
from mailstate.letters.templates import Language
from mailstate.letters.webmail import read_webmail
from mailstate.model.resources import DomainName
from mailstate.model.secret import Secret
from tests.letters.support import D


def test_a_sender_is_enough():
    """
    The letters are French, and lead to the webmail that dimail asks for.
    """
    head = read_letterhead(sender="noreply@commune.example")

    assert Language.FR is head.language
    assert "https://webmail.commune.example" == head.webmail.of(D)
    assert {} == head.contacts


def test_support_addresses_that_are_none_are_left_out():
    """
    A letter without an address to ask is better than no letter.
    """
    contacts = {
        D: "dsi@château.example",
        DomainName("b.example"): "nobody",
        DomainName("c.example"): "élu@c.example",
    }
    head = read_letterhead(sender="noreply@commune.example", contacts=contacts)

    assert {D: "dsi@xn--chteau-xta.example"} == head.contacts


def test_a_sender_that_is_none_stops_the_run():
    """
    With what was written, made visible, and how to write it.
    """
    with pytest.raises(SettingsError, match=r"`Ville\\u000a`") as caught:
        read_letterhead(sender="Ville\n")

    assert "Messagerie <noreply@commune.example>" in caught.value.hint


@pytest.mark.parametrize(
    ("pattern", "address"),
    [
        ("https://webmail.{domain}", "https://webmail.commune.example"),
        ("https://webmail.example/", "https://webmail.example"),
        (
            "https://webmail.example:8443/ox/{domain}/",
            "https://webmail.example:8443/ox/commune.example",
        ),
        ("http://127.0.0.1:8025", "http://127.0.0.1:8025"),
        ("http://localhost", "http://localhost"),
        ("https://[::1]/mail", "https://[::1]/mail"),
    ],
)
def test_a_webmail_is_one_address_or_one_for_each_domain(pattern, address):
    """
    The code of a login link follows it.
    """
    webmail = read_webmail(pattern)

    assert webmail is not None
    assert address == webmail.of(D)
    assert f"{address}/code/x" == webmail.login(D, Secret("x")).reveal()


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "webmail.example",
        "http://webmail.example",
        "ftp://webmail.example",
        "https://user:password@webmail.example",
        "https://webmail.example?x=1",
        "https://webmail.example#x",
        "https://webmail.{name}",
        "https://webmail..example",
        "https://webmail.example:99999",
        "https://[::1",
        "https://webmail.example\n",
        "javascript:alert(1)",
    ],
)
def test_what_is_no_webmail_stops_the_run(pattern):
    """
    Passwords are typed there: nothing but https, and no surprises.
    """
    with pytest.raises(SettingsError, match="webmail cannot be used"):
        read_letterhead(sender="noreply@commune.example", webmail=pattern)
