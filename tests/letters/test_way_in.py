"""Which way in the holder of a mailbox gets: one letter, whatever happens."""

import dataclasses
import gc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstate.errors import RefusedCallError
from mailstate.letters.delivery import Delivered, NotSent, Undelivered, Way
from mailstate.letters.postman import Postman
from mailstate.letters.way_in import NotifyMode, WayIn
from mailstate.model.resources import DomainName
from mailstate.model.secret import Secret
from tests.letters.servers import DROP
from tests.letters.support import JEAN, LINK, STAMP, Waits, head, postman, run

LINK_MODE, PASSWORD_MODE = NotifyMode.LINK, NotifyMode.PASSWORD
AUTO, NONE = NotifyMode.AUTO, NotifyMode.NONE
REFUSED = RefusedCallError("POST …/code: 403", hint="look at the access")


class KeyRing:
    """Keys as a server gives them; `asked` says which were asked for."""

    def __init__(self, link=None, reset=None):
        self.asked = []
        self._link = link
        self._reset = reset

    async def login_code(self, mailbox):
        self.asked.append("link")
        if isinstance(self._link, Exception):
            raise self._link
        return self._link

    async def reset_password(self, mailbox):
        self.asked.append("reset")
        if isinstance(self._reset, Exception):
            raise self._reset
        return self._reset


def way_in(server, mode=AUTO, keys=None, **settings):
    """Give a way in whose postman goes to *server*."""
    return WayIn(
        mode,
        keys=keys or KeyRing(),
        postman=postman(f"smtp://127.0.0.1:{server.port}", Waits()),
        head=head(**settings),
        stamp=lambda: STAMP,
    )


def welcome(way, mailbox=JEAN, password=None):
    """Welcome one, and take leave of the mail server."""

    async def go():
        try:
            return await way.welcome(mailbox, password)
        finally:
            await way._postman.aclose()

    return run(go())


@pytest.mark.parametrize(
    ("mode", "link", "password", "reset", "way", "inside"),
    [
        (AUTO, LINK, "canary-first", "canary-reset", Way.LINK, "canary-code"),
        (AUTO, None, "canary-first", "canary-reset", Way.PASSWORD, "canary-first"),
        (AUTO, REFUSED, "canary-first", "canary-reset", Way.PASSWORD, "canary-first"),
        (AUTO, None, None, "canary-reset", Way.RESET, "canary-reset"),
        (AUTO, REFUSED, "", "canary-reset", Way.RESET, "canary-reset"),
        (LINK_MODE, LINK, "canary-first", "canary-reset", Way.LINK, "canary-code"),
        (PASSWORD_MODE, LINK, "canary-first", "canary-reset", Way.PASSWORD, "canary-first"),
        (PASSWORD_MODE, LINK, None, "canary-reset", Way.RESET, "canary-reset"),
    ],
)
def test_the_first_way_in_that_can_be_had_is_sent(inbox, mode, link, password, reset, way, inside):
    """
    By one letter, and no other secret is in it.
    """
    keys = KeyRing(link, Secret(reset))
    delivery = welcome(
        way_in(inbox, mode, keys), password=None if password is None else Secret(password)
    )

    assert Delivered(to="jean@perso.example", way=way) == delivery
    (received,) = inbox.letters
    content = received.original_content.decode()
    assert inside in content
    assert {inside} == {
        secret for secret in ("canary-code", "canary-first", "canary-reset") if secret in content
    }
    assert ("reset" in keys.asked) is (way is Way.RESET)


@pytest.mark.parametrize(
    ("mode", "link", "reset", "reason"),
    [
        (AUTO, None, None, "this dimail gives neither a login link nor a password"),
        (AUTO, REFUSED, None, "POST …/code: 403"),
        (AUTO, REFUSED, RefusedCallError("POST …/reset: 404"), "POST …/reset: 404"),
        (LINK_MODE, None, None, "this dimail gives neither a login link nor a password"),
        (LINK_MODE, REFUSED, Secret("canary"), "POST …/code: 403"),
        (PASSWORD_MODE, LINK, None, "this dimail gives neither a login link nor a password"),
    ],
)
def test_without_a_way_in_there_is_no_letter(inbox, mode, link, reset, reason):
    """
    And it is said why, and what to do.
    """
    delivery = welcome(way_in(inbox, mode, KeyRing(link, reset)))

    assert isinstance(delivery, Undelivered)
    assert reason == delivery.reason
    assert [] == inbox.letters


@pytest.mark.parametrize(
    ("mode", "changes", "reason"),
    [
        (NONE, {}, "letters are switched off"),
        (AUTO, {"secondary_email": None}, "there is no secondary address"),
        (AUTO, {"secondary_email": ""}, "there is no secondary address"),
        (
            AUTO,
            {"secondary_email": "Jean.Dupont@Commune.example"},
            "the secondary address is the mailbox itself",
        ),
        (AUTO, {"active": False}, "the mailbox is not active"),
    ],
)
def test_where_there_is_nobody_to_write_to_nothing_is_asked_for(inbox, mode, changes, reason):
    """
    No link is made and no password reset for nobody.
    """
    keys = KeyRing(LINK, Secret("canary"))
    delivery = welcome(
        way_in(inbox, mode, keys), dataclasses.replace(JEAN, **changes), Secret("canary")
    )

    assert NotSent(reason=reason) == delivery
    assert [] == keys.asked
    assert [] == inbox.letters


def test_an_address_that_is_none_costs_no_password(inbox):
    """
    It is seen before anything is reset.
    """
    keys = KeyRing(None, Secret("canary"))
    delivery = welcome(
        way_in(inbox, AUTO, keys), dataclasses.replace(JEAN, secondary_email="jean\u202e@x")
    )

    assert (
        Undelivered(
            to=r"jean\u202e@x",
            reason="this is no e-mail address",
            hint="correct `secondary_email`",
        )
        == delivery
    )
    assert [] == keys.asked


@pytest.mark.parametrize(
    ("play", "reason", "is_unknown"),
    [
        ({"RCPT": "550 5.1.1 nobody"}, "the server refused the recipient: 550 5.1.1 nobody", False),
        ({"RCPT": "451 later"}, "the server put off the recipient: 451 later", False),
        ({".": DROP}, "the connection was lost", True),
    ],
)
def test_what_could_not_be_delivered_is_told(puppet, play, reason, is_unknown):
    """
    And whether it may have been delivered all the same.
    """
    puppet.plays = [play]
    delivery = welcome(way_in(puppet), password=Secret("canary"))

    assert (
        Undelivered(
            to="jean@perso.example",
            reason=f"mail server 127.0.0.1:{puppet.port}: {reason}",
            is_unknown=is_unknown,
        )
        == delivery
    )
    assert "canary" not in repr(delivery)


def test_nothing_keeps_the_password_afterwards(puppet):
    """
    Neither what was delivered nor who delivered it.
    """
    password = Secret("canary")
    way = way_in(puppet)
    welcome(way, password=password)
    gc.collect()

    # A class with its own slots is found by its referrers: this test's frame alone.
    holders = [one for one in gc.get_referrers(password) if type(one).__name__ != "frame"]
    assert [] == [one for one in holders if one is not locals()]


texts = st.none() | st.text()


class NoPostman(Postman):
    """Takes every letter, and keeps none."""

    def __init__(self):
        pass

    async def send(self, message):
        assert message.as_bytes()


@given(
    name=texts,
    local_part=st.text(),
    domain=st.text(),
    secondary=texts | st.text().map("{}@perso.example".format),
    code=st.text(),
    expires_in=st.integers(),
    max_uses=st.none() | st.integers(),
)
def test_no_mailbox_stops_the_others(
    name, local_part, domain, secondary, code, expires_in, max_uses
):
    """
    Whatever it holds, its letter is sent or it is said why not.
    """
    link = dataclasses.replace(LINK, code=Secret(code), expires_in=expires_in, max_uses=max_uses)
    way = WayIn(AUTO, keys=KeyRing(link), postman=NoPostman(), head=HEAD)
    mailbox = dataclasses.replace(
        JEAN,
        display_name=name,
        local_part=local_part,
        domain=DomainName(domain),
        secondary_email=secondary,
    )

    assert isinstance(run(way.welcome(mailbox)), Delivered | NotSent | Undelivered)


HEAD = head()
