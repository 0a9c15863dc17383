"""What may happen to a call on its way, as deeds of the fault proxy."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Literal

from mailstate.sandbox import Sandbox
from mailstate.sandbox.mail_tables import MailRow
from tests.cli.support import BOB
from tests.wire.proxy import (
    Asked,
    Close,
    Cut,
    Deed,
    Headers,
    Hook,
    Instead,
    LoseAnswer,
    Overtaken,
    Pass,
    Raw,
    Reset,
    Rewrite,
    Silence,
    Withhold,
)
from tests.wire.scenes import OUTSIDE, D, Scene, add_ada
from tests.wire.support import Runner

RETRY_AFTER = 7

Told = Literal["plain", "found", "there", "failed", "unknown"]
"""How a run tells what became of a change: done in three ways, or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where it happens: the server, the address of its proxy, and that of another server."""

    sandbox: Sandbox
    scene: Scene
    url: str
    elsewhere: str


_PASS = Pass()

Make = Deed | Callable[[Place, Asked], Deed]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """
    What happens to the first tries of a call, in order, *then* to all others.

    *reads* and *then_reads* happen to what is read after the first try; *on_pause* to the server
    when the applier waits before its next try. *told* is what the run must say of it in the end. It
    happens in the scenes that *fits* names. What *is_lasting* only somebody else can mend, and
    what *names_a_time* is not to be tried again before. One
    that *is_smooth* leaves nothing to be read back; one that *is_alike* shows little more than
    its neighbours.
    """

    name: str
    deeds: tuple[Make, ...] = ()
    then: Make = _PASS
    reads: tuple[Make, ...] = ()
    then_reads: Make = _PASS
    on_pause: Literal["release", "complete"] | None = None
    told: Told = "plain"
    fits: Callable[[Scene], bool] = lambda scene: scene is not None
    is_lasting: bool = False
    names_a_time: bool = False
    is_smooth: bool = False
    is_alike: bool = False

    def told_in(self, scene: Scene) -> Told:
        """What the run must say in the end of the change that the call is part of."""
        if scene.is_for_letters or (scene.is_follow_up and self.is_overcome):
            return "found" if scene.loses_answer else "plain"
        if self.told == "there" and not scene.is_create:
            return "found"
        if self.told == "there" and scene.profile != "2026" and scene.name == "create mailbox":
            # A 500 does not tell whose it is.
            return "there" if self.name.startswith("409") else "found"
        if self.name == "late, with the next try" and not scene.is_create:
            return "plain"
        return self.told

    @property
    def is_overcome(self) -> bool:
        """Whether the change is made in the end."""
        return self.told in {"plain", "found", "there"}


class Script:
    """
    Decides on each request as *trouble* says, and takes notes.

    `slept` says how long the client had waited, in all, when each try came; `reads`, how much was
    read between the first and the next call of another kind.
    """

    def __init__(self, place: Place, trouble: Trouble, runner: Runner) -> None:
        self._place = place
        self._trouble = trouble
        self._runner = runner
        self.reads = 0
        self._creations = 0
        self._went_on = False
        self.slept: list[float] = []

    def __call__(self, asked: Asked) -> Deed:
        """What happens to *asked*."""
        if self._place.scene.loses_answer and asked.method == "POST" and "/ada" in asked.path:
            self._creations += 1
            if self._creations == 1:
                return LoseAnswer()
        made = self._made(asked)
        deed = made(self._place, asked) if callable(made) else made
        if isinstance(deed, Silence | Withhold) and self._runner.loop:
            self._runner.loop.run_out()
        return deed

    def _made(self, asked: Asked) -> Make:
        scene, trouble = self._place.scene, self._trouble
        if (asked.method, asked.path) == (scene.method, scene.path):
            self.slept.append(self._runner.clock.slept)
            return _nth(trouble.deeds, len(self.slept), trouble.then)
        if asked.method != "GET":
            is_redirected = asked.path.strip("/") == scene.path.strip("/")
            self._went_on = bool(self.slept) and not is_redirected
        elif self.slept and not self._went_on and asked.path != "/token/":
            self.reads += 1
            return _nth(trouble.reads, self.reads, trouble.then_reads)
        return Pass()


def _nth(deeds: tuple[Make, ...], number: int, then: Make) -> Make:
    return deeds[number - 1] if number <= len(deeds) else then


_TEXT: Headers = (("content-type", "text/plain; charset=utf-8"),)
_PAGE: Headers = (("content-type", "text/html"),)
_JSON: Headers = (("content-type", "application/json"),)
_HTML = b"<html><head><title>%b</title></head><body><h1>%b</h1></body></html>"


def _page(words: str) -> bytes:
    return _HTML % (words.encode(), words.encode())


def _gateway(status: int, *, effect: bool = False) -> Instead:
    words = {502: "502 Bad Gateway", 503: "503 Service Unavailable", 504: "504 Gateway Time-out"}
    return Instead(status, _page(words[status]), _PAGE, effect=effect)


def _crash(*, effect: bool = False) -> Instead:
    """A 500 as dimail has it: plain text, and the connection closed unannounced."""
    return Instead(500, b"Internal Server Error", _TEXT, effect=effect, close=True)


def _error(status: int, detail: str, headers: Headers = (), *, effect: bool = False) -> Instead:
    body = json.dumps({"detail": detail}).encode()
    return Instead(status, body, (*_JSON, *headers), effect=effect)


def _too_many(retry_after: str | None = None) -> Instead:
    headers = () if retry_after is None else (("Retry-After", retry_after),)
    return _error(429, "Too Many Requests", headers)


def _too_many_until_a_date(_place: Place, _asked: Asked) -> Deed:
    now = datetime.now(UTC)
    until = format_datetime(now + timedelta(seconds=RETRY_AFTER), usegmt=True)
    headers = (("Retry-After", until), ("Date", format_datetime(now, usegmt=True)))
    return _error(429, "Too Many Requests", headers)


def _instead_of_body(body: bytes, headers: Headers) -> Rewrite:
    """Success, as far as the status goes; what has no body otherwise has one now."""
    return Rewrite(
        lambda status, _headers, _body: (200 if status == 204 else status, headers, body)
    )


def _broken_json(status: int, headers: Headers, body: bytes) -> tuple[int, Headers, bytes]:
    return status, headers, body[:-1]


def _of_another(status: int, headers: Headers, body: bytes) -> tuple[int, Headers, bytes]:
    told = json.loads(body)
    for key in {"name", "user", "email", "username"} & set(told):
        told[key] = f"x{told[key]}"
    return status, headers, json.dumps(told).encode()


def _redirect_to_slash(place: Place, asked: Asked) -> Deed:
    other = asked.path.removesuffix("/") if asked.path.endswith("/") else f"{asked.path}/"
    return Instead(307, headers=(("Location", f"{place.url}{other}"),))


def _redirect_elsewhere(place: Place, asked: Asked) -> Deed:
    return Instead(307, headers=(("Location", f"{place.elsewhere}{asked.path}"),))


def _end_tokens(place: Place, _asked: Asked) -> Deed:
    return Hook(Pass(), before=place.sandbox.expire_tokens)


def _made_half(place: Place, asked: Asked) -> Deed:
    place.sandbox.add_fault(kind="500_half", method=asked.method, path=asked.path)
    return Pass()


def _made_by_others(place: Place, _asked: Asked) -> Deed:
    """What the call is to create is there when it arrives."""
    return Hook(Pass(), before=lambda: _make(place, surname="Martin", features=_ALL))


def _made_otherwise(place: Place, _asked: Asked) -> Deed:
    """Something else is there under the name of what the call is to create."""
    return Hook(Pass(), before=lambda: _make(place, surname="Other", features=_ALL[:2]))


_ALL = ("webmail", "mailbox", "alias")


def _make(place: Place, *, surname: str, features: tuple[str, ...]) -> None:
    store = place.sandbox.store
    match place.scene.name:
        case "create user":
            store.add_user(BOB)
        case "create domain":
            store.add_domain(D, features=features, state="ok")
        case "create access":
            store.add_allow(BOB, D)
        case "create mailbox":
            add_ada(place.sandbox, surname=surname)
        case "create alias":
            store.add_alias(D, "contact", OUTSIDE)
        case name:
            raise AssertionError(name)


def _unmade_by_others(place: Place, _asked: Asked) -> Deed:
    """What the call is to delete is gone when it arrives."""
    store = place.sandbox.store
    return Hook(
        Pass(),
        before={
            "delete access": lambda: store.remove_allow(place.scene.key.rpartition("/")[2], D),
            "delete alias": lambda: store.remove_alias(D, "old", OUTSIDE),
            "delete mailbox": lambda: store.remove_mailbox(D, "old"),
        }[place.scene.name],
    )


def complete(sandbox: Sandbox) -> None:
    """Have dovecot learn of the mailbox that Open-Xchange knows."""
    if sandbox.store.mail.mailbox(D, "ada") is None:
        password = sandbox.store.hashed("late")
        sandbox.store.mail.insert_mailbox(MailRow(domain=D, local_part="ada", password=password))


def _is_create(scene: Scene) -> bool:
    return scene.is_create


def _is_mailbox(scene: Scene) -> bool:
    return scene.name == "create mailbox"


def _is_delete(scene: Scene) -> bool:
    return scene.name.startswith("delete")


def _has_body(scene: Scene) -> bool:
    return not _is_delete(scene)


def _is_named(scene: Scene) -> bool:
    """Whether the answer is known to say what was made (contract §10: that for an alias is not)."""
    return scene.is_create and scene.name != "create alias"


def _takes_token(scene: Scene) -> bool:
    return scene.takes_token


def _takes_password(scene: Scene) -> bool:
    return not scene.takes_token


def _has_content(scene: Scene) -> bool:
    """Whether what is created can be other than asked for."""
    return scene.name in {"create domain", "create mailbox"}


TROUBLES = (
    Trouble(name="none", is_smooth=True),
    # Before anything is sent.
    Trouble(name="reset", deeds=(Reset(),)),
    Trouble(name="reset thrice", deeds=(Reset(),) * 3),
    Trouble(name="reset always", then=Reset(), told="unknown"),
    Trouble(name="closed", deeds=(Close(),)),
    Trouble(name="closed always", then=Close(), told="unknown", is_alike=True),
    Trouble(name="each connection closed after its answer", then=Pass(close=True)),
    # The effect, and no word of it.
    Trouble(name="answer lost", deeds=(LoseAnswer(),), told="found"),
    Trouble(name="answer lost always", then=LoseAnswer(), told="found"),
    Trouble(name="no HTTP", deeds=(Raw(b"SSH-2.0-OpenSSH_9.9\r\n"),), is_alike=True),
    Trouble(
        name="no HTTP, effect", deeds=(Raw(b"\x16\x03\x01\x00\xff", effect=True),), told="found"
    ),
    # 500.
    Trouble(name="500", deeds=(_crash(),)),
    Trouble(name="500, effect", deeds=(_crash(effect=True),), told="found"),
    Trouble(name="500 always", then=_crash(), told="failed"),
    Trouble(name="500 always, effect", then=_crash(effect=True), told="found"),
    Trouble(name="500 JSON", deeds=(_error(500, "Internal server error"),)),
    Trouble(
        name="500 JSON, effect",
        deeds=(_error(500, "Internal server error", effect=True),),
        is_alike=True,
        told="found",
    ),
    Trouble(
        name="half made", deeds=(_made_half,), told="failed", fits=_is_mailbox, is_lasting=True
    ),
    Trouble(
        name="half made, whole later",
        deeds=(_made_half,),
        on_pause="complete",
        fits=_is_mailbox,
        told="found",
    ),
    # 409.
    Trouble(name="409 for nothing", deeds=(_error(409, "already exists"),)),
    Trouble(name="409 for nothing always", then=_error(409, "already exists"), told="failed"),
    Trouble(name="409, effect", deeds=(_error(409, "already exists", effect=True),), told="there"),
    Trouble(name="made by others", deeds=(_made_by_others,), fits=_is_create, told="there"),
    Trouble(
        name="made otherwise",
        deeds=(_made_otherwise,),
        told="failed",
        fits=_has_content,
        is_lasting=True,
    ),
    Trouble(name="gone by others", deeds=(_unmade_by_others,), fits=_is_delete, is_smooth=True),
    # 429.
    Trouble(name="429", deeds=(_too_many(),), is_smooth=True),
    Trouble(
        name="429 for seconds",
        deeds=(_too_many(str(RETRY_AFTER)),),
        names_a_time=True,
        is_smooth=True,
    ),
    Trouble(
        name="429 until a date", deeds=(_too_many_until_a_date,), names_a_time=True, is_smooth=True
    ),
    Trouble(name="429 always", then=_too_many(str(RETRY_AFTER)), told="failed", names_a_time=True),
    # Gateways.
    *(
        Trouble(name=f"{status}", deeds=(_gateway(status),), is_alike=status == 504)
        for status in (502, 503, 504)
    ),
    *(
        Trouble(
            name=f"{status}, effect",
            deeds=(_gateway(status, effect=True),),
            told="found",
            is_alike=status == 503,
        )
        for status in (502, 503, 504)
    ),
    Trouble(name="502, 503, then good", deeds=(_gateway(502), _gateway(503))),
    Trouble(
        name="502, then 503 with the effect",
        deeds=(_gateway(502), _gateway(503, effect=True)),
        told="found",
    ),
    Trouble(name="504, 504, then good", deeds=(_gateway(504), _gateway(504)), is_alike=True),
    Trouble(name="503 always", then=_gateway(503), told="failed", is_alike=True),
    Trouble(name="504 always, effect", then=_gateway(504, effect=True), told="found"),
    # Time-outs.
    Trouble(name="silence", deeds=(Silence(),)),
    Trouble(name="silence always", then=Silence(), told="unknown"),
    Trouble(
        name="late, before it is read", deeds=(Withhold(),), reads=(Overtaken(),), told="found"
    ),
    Trouble(name="late, after it is read", deeds=(Withhold(),), on_pause="release", told="found"),
    Trouble(name="late, with the next try", deeds=(Withhold(), Overtaken()), told="found"),
    Trouble(name="late, after the next try", deeds=(Withhold(),)),
    Trouble(name="late always", then=Withhold(), told="unknown"),
    # Tokens and rights.
    Trouble(name="token ended", deeds=(_end_tokens,), fits=_takes_token, is_smooth=True),
    Trouble(
        name="401", deeds=(_error(401, "Permission denied"),), fits=_takes_token, is_smooth=True
    ),
    Trouble(
        name="403", deeds=(_error(403, "Permission denied"),), fits=_takes_token, is_smooth=True
    ),
    Trouble(
        name="403 for a password",
        deeds=(_error(403, "Permission denied"),),
        told="failed",
        fits=_takes_password,
    ),
    Trouble(name="403 always", then=_error(403, "Permission denied"), told="failed"),
    # Success that makes no sense.
    Trouble(name="2xx broken JSON", deeds=(Rewrite(_broken_json),), fits=_has_body, told="found"),
    Trouble(name="2xx cut", deeds=(Cut(),), told="found"),
    Trouble(name="2xx cut chunks", deeds=(Cut(framing="chunked"),), is_alike=True, told="found"),
    Trouble(name="2xx cut head", deeds=(Cut(framing="head"),), told="found"),
    Trouble(name="2xx page", deeds=(_instead_of_body(_page("Welcome"), _PAGE),), told="found"),
    Trouble(name="2xx empty", deeds=(_instead_of_body(b"", ()),), told="found"),
    Trouble(name="2xx of another", deeds=(Rewrite(_of_another),), fits=_is_named, told="found"),
    Trouble(name="200 page, no effect", deeds=(Instead(200, _page("Welcome"), _PAGE),)),
    Trouble(
        name="200 page, no effect, always",
        then=Instead(200, _page("Welcome"), _PAGE),
        told="failed",
    ),
    # Redirects.
    Trouble(name="307 to the slash", deeds=(_redirect_to_slash,), is_smooth=True),
    Trouble(name="307 elsewhere", deeds=(_redirect_elsewhere,)),
    Trouble(name="307 elsewhere always", then=_redirect_elsewhere, told="failed"),
    # What is read afterwards.
    Trouble(
        name="answer lost, read after a reset",
        deeds=(LoseAnswer(),),
        reads=(Reset(),),
        told="found",
    ),
    Trouble(name="reset, read after a 502", deeds=(Reset(),), reads=(_gateway(502),)),
    Trouble(
        name="answer lost, never read", deeds=(LoseAnswer(),), then_reads=_crash(), told="unknown"
    ),
    Trouble(name="reset, never read", deeds=(Reset(),), then_reads=Reset(), told="unknown"),
    Trouble(name="silence, never read", deeds=(Silence(),), then_reads=Silence(), told="unknown"),
    Trouble(
        name="answer lost, read as a page",
        deeds=(LoseAnswer(),),
        then_reads=Instead(200, _page("Welcome"), _PAGE),
        told="unknown",
    ),
)
