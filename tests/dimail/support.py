"""A dimail made of canned answers, and a clock that nobody has to wait for."""

import asyncio
import base64
import json
from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar

import httpx
import respx

from mailstate.dimail.client import DimailClient
from mailstate.dimail.connections import MakeLine
from mailstate.dimail.proxied import Proxied
from mailstate.model.resources import Domain, DomainName, Mailbox
from mailstate.model.secret import Secret
from mailstate.model.state import DesiredDomain, DesiredState

T = TypeVar("T")
Canned = httpx.Response | Exception | type[Exception] | list[Any] | Any

URL = "http://127.0.0.1:9"
D = DomainName("a.example")
ACCOUNT = "la_regie"
PASSWORD = "canary-password"
ADA = Mailbox(
    domain=D,
    local_part="ada",
    first_name="Ada",
    last_name="L",
    display_name="Ada L",
    active=True,
)


class FakeClock:
    """Time that passes by sleeping alone."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return 1_700_000_000 + self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(coroutine)


def jwt(**claims: object) -> str:
    middle = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"canary-token.{middle}.sig"


def ok(value: object, status: int = 200, **headers: str) -> httpx.Response:
    return httpx.Response(status, json=value, headers=headers)


def error(status: int, detail: object = "canary-detail", **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"detail": detail}, headers=headers)


NOT_FOUND = error(404, "Not Found")
DOMAIN = {
    "name": D,
    "features": ["webmail", "mailbox", "alias"],
    "context_name": D,
    "delivery": "virtual",
    "state": "ok",
}
V1 = {
    "type": "mailbox",
    "status": "ok",
    "email": f"ada@{D}",
    "givenName": "Ada",
    "surName": "L",
    "displayName": "Ada L",
    "active": "yes",
}
V2 = {
    "type": "mailbox",
    "active": "yes",
    "email": f"ada@{D}",
    "features": ["ox"],
    "extras": {"ox": {"given_name": "Ada", "sur_name": "L", "display_name": "Ada L"}},
}
ALIAS = {"username": "contact", "domain": D, "destination": f"ada@{D}"}
DEFAULTS: dict[str, Canned] = {
    "GET /token/": ok({"access_token": jwt(sub=ACCOUNT), "token_type": "bearer"}),
    "GET /users/": ok([{"name": ACCOUNT, "is_admin": False, "uuid": "x"}]),
    "GET /domains/": ok([DOMAIN]),
    "GET /allows/": ok([{"user": ACCOUNT, "domain": D}]),
    f"GET /v2/domains/{D}/mailboxes/": ok([V2]),
    f"GET /domains/{D}/mailboxes/": ok([V1]),
    f"GET /domains/{D}/aliases/": ok([ALIAS]),
    f"GET /domains/{D}": ok(DOMAIN),
}


def dimail(answers: Mapping[str, Canned] | None = None) -> respx.Router:
    """Answers by method and path; all others are those of a server with one small domain."""
    router = respx.Router(assert_all_called=False)
    for name, canned in (DEFAULTS | dict(answers or {})).items():
        method, path = name.split()
        route = router.route(method=method, path=path)
        if isinstance(canned, httpx.Response):
            route.mock(return_value=canned)
        else:
            route.mock(side_effect=canned)
    router.route().mock(return_value=NOT_FOUND)
    return router


def asked(router: respx.Router) -> list[str]:
    """What the server was asked, in order."""
    return [f"{call.request.method} {call.request.url.path}" for call in router.calls]


def through(transport: httpx.AsyncBaseTransport) -> MakeLine:
    """Lines that end in *transport*, in place of a network."""
    return lambda address, context: Proxied(address, context, transport=transport)


def client(router: respx.Router, *, url: str = URL, **options: Any) -> DimailClient:
    return DimailClient(
        url,
        ACCOUNT,
        Secret(PASSWORD),
        line=through(httpx.MockTransport(router.async_handler)),
        clock=options.pop("clock", FakeClock()),
        **options,
    )


def desired(*mailboxes: Mailbox, domain: DomainName = D) -> DesiredState:
    return DesiredState(
        domains={
            domain: DesiredDomain(
                domain=Domain(
                    name=domain,
                    features=frozenset({"webmail", "mailbox", "alias"}),
                    context=domain,
                    delivery="virtual",
                ),
                roles={},
                mailboxes={mailbox.key: mailbox for mailbox in mailboxes},
            )
        }
    )
