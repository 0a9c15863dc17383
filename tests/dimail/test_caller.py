"""Repeats, verdicts, tokens: what an answer means for the one who asked."""

import asyncio
import math

import httpx
import pytest

from mailstate.dimail.patience import Patience
from mailstate.errors import (
    BusyCallError,
    ConflictCallError,
    DoubtfulCallError,
    LostAnswerError,
    RefusedCallError,
    RemoteError,
    SettingsError,
)
from mailstate.model.resources import User
from tests.dimail.support import (
    ACCOUNT,
    ADA,
    V1,
    D,
    FakeClock,
    asked,
    client,
    dimail,
    error,
    jwt,
    ok,
    run,
)

LOST = httpx.ReadError("x")
SLOW = httpx.ReadTimeout("x")
UNREACHED = httpx.ConnectError("x")
HTML = httpx.Response(502, html="<h1>canary</h1>")
USERS = ok([{"name": ACCOUNT, "is_admin": True}])
MAILBOX = f"/domains/{D}/mailboxes/ada"
CREATED = ok({"email": ADA.address, "password": "canary-new"}, 201)


def call(router, method, clock=None, **options):
    async def scenario():
        async with client(router, clock=clock or FakeClock(), **options) as api:
            return await method(api)

    return run(scenario())


def users(api):
    return api.users()


@pytest.mark.parametrize(
    "trouble", [LOST, SLOW, UNREACHED, HTML, error(500), error(429), error(503)]
)
def test_a_read_is_repeated_until_it_works(trouble):
    """
    Two failures and then an answer are an answer, after pauses that grow.
    """
    clock = FakeClock()
    router = dimail({"GET /users/": [trouble, trouble, USERS]})

    assert ACCOUNT == call(router, users, clock)[0].user.name
    assert [0.5, 1.0] == clock.slept


@pytest.mark.parametrize(
    ("trouble", "message"),
    [
        (LOST, "GET /users/: the connection was lost"),
        (SLOW, "GET /users/: no answer within 30 s"),
        (UNREACHED, "GET /users/: no connection"),
        (HTML, "GET /users/: dimail answered 502"),
        (error(500, "Internal server error"), r"answered 500 \(Internal server error\)"),
        (error(429), "GET /users/: dimail answered 429"),
    ],
)
def test_a_read_is_given_up_after_three_tries(trouble, message):
    """
    The third failure is final, and names the call; later it may work.
    """
    router = dimail({"GET /users/": [trouble] * 3})

    with pytest.raises(BusyCallError, match=message):
        call(router, users)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 422, 204, 302])
def test_a_refused_read_is_not_repeated(status):
    """
    What is refused once is refused again, and nothing of the answer is shown.
    """
    router = dimail({"GET /users/": error(status)})

    with pytest.raises(RefusedCallError, match=f"^GET /users/: dimail answered {status}$"):
        call(router, users)
    assert ["GET /users/"] == asked(router)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_login_names_the_settings(status):
    """
    A wrong password and missing rights cannot be told apart: both are named.
    """
    router = dimail({"GET /users/": error(status, "Permission denied")})

    with pytest.raises(RefusedCallError, match=r"\(Permission denied\)") as caught:
        call(router, users)

    assert "MAILSTATE_PASSWORD" in caught.value.hint
    assert "administrator" in caught.value.hint


@pytest.mark.parametrize(("retry_after", "slept"), [("7", 7), ("86400", 60), ("0", 0.5)])
def test_the_pause_that_a_server_asks_for_is_kept(retry_after, slept):
    """
    Retry-After is obeyed, up to a minute.
    """
    clock = FakeClock()
    router = dimail({"GET /users/": [error(429, **{"Retry-After": retry_after}), USERS]})

    call(router, users, clock)

    assert [slept] == clock.slept


def test_a_pause_holds_for_other_calls_too():
    """
    After a 429 to one call the next one waits, whatever it is.
    """
    clock = FakeClock()
    router = dimail(
        {
            "POST /users/": error(429, **{"Retry-After": "9"}),
        }
    )

    async def scenario():
        async with client(router, clock=clock) as api:
            with pytest.raises(BusyCallError, match="429"):
                await api.create(User(name="u"))
            await api.users()

    run(scenario())

    assert [9] == clock.slept


@pytest.mark.parametrize(
    ("outcome", "verdict"),
    [
        (error(400), RefusedCallError),
        (error(401), RefusedCallError),
        (error(403), RefusedCallError),
        (error(404), RefusedCallError),
        (error(405), RefusedCallError),
        (error(412), RefusedCallError),
        (error(422), RefusedCallError),
        (error(429), BusyCallError),
        (UNREACHED, BusyCallError),
        (httpx.ConnectTimeout("x"), BusyCallError),
        (httpx.PoolTimeout("x"), BusyCallError),
        (httpx.ProxyError("x"), BusyCallError),
        (error(408), DoubtfulCallError),
        (error(409), ConflictCallError),
        (error(500), DoubtfulCallError),
        (httpx.Response(500, text="Internal Server Error"), DoubtfulCallError),
        (HTML, LostAnswerError),
        (error(504), LostAnswerError),
        (error(503), DoubtfulCallError),
        (LOST, LostAnswerError),
        (SLOW, LostAnswerError),
        (httpx.WriteError("x"), LostAnswerError),
        (httpx.WriteTimeout("x"), LostAnswerError),
        (httpx.RemoteProtocolError("x"), LostAnswerError),
        (ok({"email": ADA.address, "password": "canary-new"}, 200), DoubtfulCallError),
        (ok({"email": ADA.address, "password": "canary-new"}, 302), DoubtfulCallError),
        (httpx.Response(201, html="canary-new"), DoubtfulCallError),
        (ok([], 201), DoubtfulCallError),
        (ok({"email": ADA.address}, 201), DoubtfulCallError),
        (ok({"email": "bob@a.example", "password": "canary-new"}, 201), DoubtfulCallError),
        (httpx.Response(204), DoubtfulCallError),
    ],
)
def test_what_came_of_a_write(outcome, verdict):
    """
    A write is refused, to be sent later, or in doubt; it is sent once, a refused token apart.
    """
    router = dimail({f"POST {MAILBOX}": [outcome, outcome]})

    with pytest.raises(RemoteError) as caught:
        call(router, lambda api: api.create(ADA))

    assert verdict is type(caught.value)
    assert caught.value.message.startswith(f"POST {MAILBOX}: ")
    assert "canary" not in caught.value.message + caught.value.hint
    refused = isinstance(outcome, httpx.Response) and outcome.status_code in {401, 403}
    assert 1 + refused == asked(router).count(f"POST {MAILBOX}")


@pytest.mark.parametrize("status", [401, 403])
def test_a_new_token_is_fetched_once_when_one_is_refused(status):
    """
    A token that has ended is replaced, and the call sent again, a POST too.
    """
    router = dimail({f"POST {MAILBOX}": [error(status), CREATED]})

    assert "canary-new" == call(router, lambda api: api.create(ADA)).reveal()
    assert ["GET /token/", f"POST {MAILBOX}"] * 2 == asked(router)


def test_missing_rights_cost_one_login_not_one_per_call():
    """
    Once a new token was refused too, the next refusals are known to be about rights.
    """
    clock = FakeClock()
    router = dimail({f"GET {MAILBOX}": error(403)})

    async def scenario():
        hints = set()
        async with client(router, clock=clock) as api:
            for pause in (0, 0, 61):
                clock.now += pause
                with pytest.raises(RefusedCallError, match="403") as caught:
                    await api.find(ADA)
                hints.add(caught.value.hint)
        return hints

    assert {"the account in use has no access to this domain"} == run(scenario())
    token, find = "GET /token/", f"GET {MAILBOX}"
    assert [token, find, token, find, find, find, token, find] == asked(router)


def test_one_token_serves_all_calls_at_once():
    """
    However many calls need a token at once, it is fetched once.
    """
    router = dimail({f"GET {MAILBOX}": ok(V1)})

    async def scenario():
        async with client(router) as api:
            await asyncio.gather(*(api.find(ADA) for _ in range(8)))

    run(scenario())

    assert 1 == asked(router).count("GET /token/")


def test_a_token_that_is_refused_to_many_is_replaced_once():
    """
    Four calls with the same ended token need one new one together.
    """

    def answer(request):
        ended = request.headers["Authorization"] == "Bearer first"
        return error(403) if ended else ok(V1)

    tokens = [ok({"access_token": text}) for text in ("first", "second")]
    router = dimail({"GET /token/": tokens, f"GET {MAILBOX}": answer})

    async def scenario():
        async with client(router) as api:
            await asyncio.gather(*(api.find(ADA) for _ in range(4)))

    run(scenario())

    assert 2 == asked(router).count("GET /token/")


def test_the_token_is_renewed_before_its_end():
    """
    After forty minutes the next call takes a new token.
    """
    clock = FakeClock()
    router = dimail({f"GET {MAILBOX}": ok(V1)})

    async def scenario():
        async with client(router, clock=clock) as api:
            for pause in (0, 2399, 2):
                clock.now += pause
                await api.find(ADA)

    run(scenario())

    assert 2 == asked(router).count("GET /token/")


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_login_is_not_tried_again(status):
    """
    Wrong credentials cost one login, not one for each mailbox; nothing is sent.
    """
    router = dimail({"GET /token/": error(status)})

    async def scenario():
        hints = []
        async with client(router) as api:
            for _ in range(3):
                with pytest.raises(RefusedCallError, match="GET /token/") as caught:
                    await api.create(ADA)
                hints.append("MAILSTATE_PASSWORD" in caught.value.hint)
        return hints

    assert [True] * 3 == run(scenario())
    assert ["GET /token/"] == asked(router)


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (HTML, BusyCallError),
        (UNREACHED, BusyCallError),
        (LOST, BusyCallError),
        (ok({"access_token": jwt(sub="bob")}), RefusedCallError),
        (ok({}), RefusedCallError),
    ],
)
def test_without_a_token_nothing_is_sent(answer, verdict):
    """
    A write that gets no token had no effect, and says so by its kind; the next one tries anew.
    """
    router = dimail(
        {
            "GET /token/": [answer] * (3 if verdict is BusyCallError else 1)
            + [ok({"access_token": "opaque"})],
            f"POST {MAILBOX}": CREATED,
        }
    )

    async def scenario():
        async with client(router) as api:
            with pytest.raises(RemoteError, match="GET /token/") as caught:
                await api.create(ADA)
            await api.create(ADA)
        return type(caught.value)

    assert issubclass(run(scenario()), verdict)


@pytest.mark.parametrize("trouble", [error(429), error(503), LOST, SLOW, UNREACHED])
def test_trouble_slows_down(trouble):
    """
    An overloaded or unreachable server gets fewer calls at once.
    """
    router = dimail({"POST /users/": trouble})

    async def scenario():
        async with client(router) as api:
            with pytest.raises(RemoteError):
                await api.create(User(name="u"))
            return api._caller.pace.allowed

    assert 2 == run(scenario())


def test_a_500_does_not_slow_down():
    """
    Dimail answers 500 for "exists already" (contract §7): no sign of overload.
    """
    router = dimail({"POST /users/": error(500)})

    async def scenario():
        async with client(router) as api:
            with pytest.raises(DoubtfulCallError):
                await api.create(User(name="u"))
            return api._caller.pace.allowed

    assert 4 == run(scenario())


def test_a_cancelled_call_gives_its_connection_up():
    """
    A connection on which an answer is still to come is never used for another call.
    """

    async def forever(_request):
        await asyncio.sleep(60)

    router = dimail({"GET /users/": forever})

    async def scenario():
        async with client(router) as api:
            task = asyncio.create_task(api.users())
            await asyncio.sleep(0.01)
            task.cancel()
            await asyncio.wait([task])
            return api._connections._idle, task.cancelled()

    assert ([], True) == run(scenario())


@pytest.mark.parametrize(
    ("method", "patience"),
    [
        (users, Patience(quick=0.02)),
        (lambda api: api.create(ADA), Patience(slow=0.02)),
        (lambda api: api.update(ADA, ADA, ("first_name",)), Patience(slow=0.02)),
        (lambda api: api.delete(ADA), Patience(slow=0.02)),
    ],
)
def test_each_kind_of_call_has_its_own_patience(method, patience):
    """
    One that takes longer is given up, and told with the seconds that it had.
    """

    async def forever(_request):
        await asyncio.sleep(60)

    mailbox = dict.fromkeys([f"{verb} {MAILBOX}" for verb in ("POST", "PATCH", "DELETE")], forever)

    with pytest.raises(RemoteError, match=r"no answer within 0\.02 s"):
        call(dimail({"GET /users/": forever, **mailbox}), method, patience=patience)


@pytest.mark.parametrize("seconds", [0, -1, 3601, math.inf, -math.inf, math.nan])
@pytest.mark.parametrize("name", ["quick", "slow"])
def test_a_patience_that_is_none(name, seconds):
    """
    Neither for ever nor not at all; the message names the setting.
    """
    with pytest.raises(SettingsError, match=f"`{name}` is {seconds:g}") as caught:
        Patience(**{name: seconds})

    assert f"`timeouts.{name}`" in caught.value.hint
