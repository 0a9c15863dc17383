"""What is read of a token."""

from email.utils import formatdate

import pytest

from mailstate.dimail import calls
from mailstate.dimail.connections import Answer
from mailstate.dimail.login import read_token
from mailstate.dimail.node import MalformedAnswerError
from mailstate.errors import RefusedCallError
from tests.dimail.support import ACCOUNT, jwt, ok

WALL = 1_700_000_000.0


def read(value, *, date=None, username=ACCOUNT):
    headers = {} if date is None else {b"date": formatdate(date, usegmt=True).encode()}
    answer = Answer(status=200, headers=headers, body=ok(value).content)
    return read_token(calls.token(), answer, username=username, now=100.0, wall=WALL)


@pytest.mark.parametrize(
    ("claims", "date", "life"),
    [
        pytest.param({"exp": WALL + 47 * 60}, None, 2400, id="47 minutes"),
        pytest.param({"exp": WALL + 600}, None, 540, id="short-lived"),
        pytest.param({"exp": WALL + 1200}, None, 1080, id="two minutes before the end"),
        pytest.param({"exp": WALL + 7 * 86_400}, None, 2400, id="long-lived"),
        pytest.param({"exp": WALL - 5}, None, 2400, id="ended by our clock"),
        pytest.param({"exp": WALL + 9600}, WALL + 9000, 540, id="by the server's clock"),
        pytest.param({"exp": "soon"}, None, 2400, id="no number"),
        pytest.param({"exp": True}, None, 2400, id="a boolean"),
        pytest.param({"exp": 10**400}, None, 2400, id="an end beyond any clock"),
        pytest.param({}, None, 2400, id="no end"),
    ],
)
def test_a_token_is_renewed_before_its_end(claims, date, life):
    """
    The end is taken from the token, against the server's clock if known, 40 minutes at most.
    """
    token = read({"access_token": jwt(sub=ACCOUNT, **claims)}, date=date)

    assert 100 + life == token.renew_at


@pytest.mark.parametrize("text", ["opaque", "a.b.c", "a.W10.c", "a.eyJh.c", ".."])
def test_an_opaque_token_is_as_good(text):
    """
    A token that is no JWT is used for 40 minutes.
    """
    assert 2500 == read({"access_token": text}).renew_at


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({}, "access_token"),
        ({"access_token": 7}, "access_token"),
        ({"access_token": ""}, "access_token"),
        ({"access_token": "a b\r\nX: y"}, "access_token"),
        ([], "as a whole"),
    ],
)
def test_an_answer_without_token_is_malformed(value, path):
    """
    What cannot be a token is never sent in a header.
    """
    with pytest.raises(MalformedAnswerError, match=f"GET /token/: .*{path}"):
        read(value)


def test_the_token_of_another_user_is_refused():
    """
    A server that ignores whose token was asked for answers that of somebody else.
    """
    with pytest.raises(RefusedCallError, match="another user"):
        read({"access_token": jwt(sub="somebody")})


def test_user_names_are_compared_without_case():
    """
    MariaDB knows `TOTO` as `toto`.
    """
    assert read({"access_token": jwt(sub=ACCOUNT.upper())})


def test_the_token_of_an_empty_dimail_leads_to_bootstrap():
    """
    On an empty database the token names a user that does not exist.
    """
    with pytest.raises(RefusedCallError) as caught:
        read({"access_token": jwt(sub="FAKE")})

    assert "bootstrap" in caught.value.hint


def test_a_token_is_not_shown():
    """
    Neither the token nor its text is in its representation.
    """
    assert "canary" not in repr(read({"access_token": jwt(sub=ACCOUNT)}))
