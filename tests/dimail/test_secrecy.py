"""Passwords and tokens are on the wire, and nowhere else."""

import logging
import traceback

import httpx
import pytest

from mailstate.dimail.live import read_live
from mailstate.errors import RemoteError
from mailstate.model.resources import User
from tests.dimail.support import ADA, PASSWORD, D, client, desired, dimail, error, ok, run

NEW = "canary-new-password"
POST = f"POST /domains/{D}/mailboxes/ada"
ANSWERS = [
    ok({"email": ADA.address, "password": NEW}, 201),
    ok({"email": "bob@a.example", "password": NEW}, 201),
    ok({"email": ADA.address, "password": [NEW]}, 201),
    ok({"password": NEW}, 200),
    httpx.Response(201, text=NEW),
    error(500, NEW),
    error(422, [{"input": NEW}]),
    error(403, NEW),
    error(409, NEW),
    httpx.ReadError(NEW),
    httpx.LocalProtocolError(f"Illegal header value b'{PASSWORD}'"),
]


@pytest.mark.parametrize("answer", ANSWERS)
def test_no_secret_is_seen_anywhere(caplog, answer):
    """
    Logs down to DEBUG, representations, errors and whole tracebacks hold no secret.
    """
    caplog.set_level(logging.DEBUG)
    seen = []

    async def scenario():
        async with client(dimail({POST: answer, "POST /users/": answer})) as api:
            await read_live(api, desired(ADA), needs_check=lambda _live: True)
            seen.append(repr(api) + repr(vars(api)) + repr(vars(api._caller)))
            for resource in (ADA, User(name="u")):
                try:
                    password = await api.create(resource)
                    seen.append(f"{password!r} {password}")
                except RemoteError as caught:
                    seen.extend(traceback.format_exception(caught))
                    seen.append(f"{caught.message} {caught.hint} {caught!r} {vars(caught)}")
            seen.append(repr(api._caller._token))

    run(scenario())
    text = "\n".join([*seen, caplog.text])

    assert "canary" not in text
    assert f"GET /domains/{D}/aliases/" in caplog.text


def test_what_is_logged(caplog):
    """
    A line of the log has method, path, status and milliseconds.
    """
    caplog.set_level(logging.DEBUG, logger="mailstate.dimail")

    async def scenario():
        async with client(dimail({"GET /users/": [httpx.ReadError("x"), ok([])]})) as api:
            await api.users()

    run(scenario())

    assert [
        "GET /users/: the connection was lost in 0 ms",
        "GET /users/: 200 in 0 ms",
    ] == [_timeless(message) for message in caplog.messages if message.startswith("GET")]


def _timeless(message: str) -> str:
    head, _, _ = message.rpartition(" in ")
    return f"{head} in 0 ms"
