"""Accounts, as the first set-up of a dimail asks for them."""

import json

import httpx
import pytest

from mailstate.applying import bootstrap
from mailstate.dimail.accounts import Accounts
from mailstate.dimail.wire import Account
from mailstate.errors import (
    BusyCallError,
    ConflictCallError,
    DoubtfulCallError,
    LostAnswerError,
    RefusedCallError,
    RemoteError,
)
from mailstate.model.secret import Secret
from tests.dimail.support import URL, FakeClock, asked, dimail, error, ok, run, through

ADMIN = {"name": "admin", "is_admin": True, "uuid": "x", "perms": []}
POST, PATCH = "POST /users/", "PATCH /users/admin"


def as_admin(router, act, username="admin"):
    async def scenario():
        line = through(httpx.MockTransport(router.async_handler))
        async with Accounts(URL, line=line, clock=FakeClock()) as accounts:
            clerk: bootstrap.Clerk = accounts.clerk(username, Secret("canary-mine"))
            return await act(clerk)

    return run(scenario())


def create(clerk):
    return clerk.create_account("admin", Secret("canary-new"), is_admin=True, perms=("a", "b"))


def promote(clerk):
    return clerk.make_admin("admin")


def test_all_accounts():
    """
    With their rights, asked for with the name and the password given.
    """
    router = dimail({"GET /users/": ok([ADMIN, {"name": "u", "is_admin": False}])})

    assert (
        Account(name="admin", is_admin=True, perms=frozenset()),
        Account(name="u", is_admin=False, perms=None),
    ) == as_admin(router, lambda clerk: clerk.accounts())
    assert "Basic YWRtaW46Y2FuYXJ5LW1pbmU=" == router.calls.last.request.headers["Authorization"]


def test_an_empty_dimail_has_no_accounts():
    """
    It lets anybody in, also nobody in particular.
    """
    router = dimail({"GET /users/": ok([])})

    assert () == as_admin(router, lambda clerk: clerk.accounts(), username="")


@pytest.mark.parametrize("status", [401, 403])
def test_refused_credentials(status):
    """
    A refusal is an answer, not an error, and not an empty list.
    """
    router = dimail({"GET /users/": error(status), "GET /token/": error(status)})

    assert as_admin(router, lambda clerk: clerk.accounts()) is None
    assert as_admin(router, lambda clerk: clerk.is_accepted()) is False
    assert as_admin(dimail(), lambda clerk: clerk.is_accepted()) is True


def test_what_is_sent():
    """
    An account with its password and rights; a promotion with nothing else.
    """
    router = dimail({POST: ok(ADMIN, 201), PATCH: ok(ADMIN)})

    as_admin(router, create)
    assert {
        "name": "admin",
        "password": "canary-new",
        "is_admin": True,
        "perms": ["a", "b"],
    } == json.loads(router.calls.last.request.content)

    as_admin(router, promote)
    assert {"is_admin": True} == json.loads(router.calls.last.request.content)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error(403), RefusedCallError),
        (error(422, [{"input": "canary-new"}]), RefusedCallError),
        (error(404, "Not found"), RefusedCallError),
        (error(429), BusyCallError),
        (error(409, "User already exists"), ConflictCallError),
        (error(500), DoubtfulCallError),
        (httpx.ReadError("canary"), LostAnswerError),
        (ok([], 201), DoubtfulCallError),
        (ok([], 200), DoubtfulCallError),
        (ok(ADMIN | {"is_admin": False}, 201), DoubtfulCallError),
        (ok(ADMIN | {"is_admin": False}, 200), DoubtfulCallError),
        (ok(ADMIN | {"name": "v", "is_admin": None}, 201), DoubtfulCallError),
    ],
)
@pytest.mark.parametrize(("name", "act"), [(POST, create), (PATCH, promote)])
def test_what_goes_wrong(name, act, answer, kind):
    """
    Sent once, told as what it is, and without a word of what was sent or answered.
    """
    router = dimail({name: answer})

    with pytest.raises(RemoteError, match=f"^{name}: ") as caught:
        as_admin(router, act)

    assert kind is type(caught.value)
    assert [name] == asked(router)
    assert "canary" not in caught.value.message + caught.value.hint
