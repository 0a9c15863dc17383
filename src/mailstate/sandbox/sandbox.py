"""The sandbox as tests and commands hold it."""

from __future__ import annotations

import json
import random
import secrets
import threading
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from .api_tables import PERMS
from .app import application
from .call import Dimail
from .control import routes
from .effects import Effect
from .errors import SandboxError
from .faults import Fault, Faults, FaultyApp, Kind, Request
from .outbox import Letter, Refusals
from .profiles import Cost, Settings, Spelling, profile_named
from .seed import load_seed, plant
from .server import HttpServer
from .store import Store

if TYPE_CHECKING:
    from .smtp import MailServer

ADMIN = "admin"
SERVICE = "la_regie"


class Sandbox:
    """
    A dimail of one's own: a real server on loopback with a store that can be arranged.

    Used in a `with` block it runs in a thread. An admin and a service account are ready unless
    *bootstrap* is false: then there is no user at all, as in a server just installed, and the
    credentials are only proposals. The service account is an admin in the 2024 profiles, and
    in 2026 has the permissions that People's has.

    *cost* `real` makes hashing as slow as the server's. *seed* fixes the order of shuffled
    lists. *strict_lengths* sets MariaDB's widths, *ox_unique* the uniqueness of names in
    Open-Xchange (on in 2026), *background_check* the check after a creation (on in 2024-check).
    *v2_spelling* says how the second listing calls whether a mailbox is active. *seed_file* is
    loaded into an empty store and after each reset.
    """

    def __init__(  # noqa: PLR0913  switches, nearly all by name
        self,
        profile: str = "2026",
        path: Path | None = None,
        port: int = 0,
        cost: Cost = "none",
        seed: int | None = None,
        token_lifetime: float = 47 * 60,
        *,
        bootstrap: bool = True,
        strict_lengths: bool = False,
        ox_unique: bool | None = None,
        background_check: bool | None = None,
        v2_spelling: Spelling = "active",
        seed_file: Path | Mapping[str, Any] | None = None,
    ) -> None:
        """Open the store and fill it if it is empty; `start` opens the socket."""
        known = profile_named(profile)
        self.profile = profile
        self.settings = Settings(
            profile=known,
            cost=cost,
            token_lifetime=token_lifetime,
            strict_lengths=strict_lengths,
            ox_unique=known.modern if ox_unique is None else ox_unique,
            background_check=(
                known.background_check if background_check is None else background_check
            ),
            v2_spelling=v2_spelling,
        )
        self._bootstrap = bootstrap
        self._port = port
        self._server: HttpServer | None = None
        self._mail: MailServer | None = None
        self._mail_lock = threading.Lock()
        self._mail_is_on = True
        self._is_stopped = False
        self._refusals = Refusals()
        seed_ = None if seed_file is None else load_seed(seed_file)
        self.store = Store(path, self.settings)
        database, remember = self.store.database, self.store.database.remember
        if seed_:
            database.keep("seed", json.dumps(asdict(seed_)))
        self.admin_username, self.username = ADMIN, SERVICE
        self.admin_password = remember("admin_password", secrets.token_urlsafe(16))
        self.password = remember("password", secrets.token_urlsafe(16))
        self.faults = Faults()
        self._dimail = Dimail(self.settings, self.store, random.Random(seed))  # noqa: S311
        self._app = FaultyApp(application(self._dimail, [*routes(self)]), self.faults)
        if remember("filled", "no") == "no":
            try:
                self._fill()
            except SandboxError:
                self.store.close()
                raise
            database.keep("filled", "yes")

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def smtp_url(self) -> str:
        """
        Where it takes letters: without login, without TLS, into the outbox.

        The mail server starts when this is first asked for: most tests need none.
        """
        with self._mail_lock:
            if self._mail is None:
                if self._is_stopped:
                    raise SandboxError("the sandbox is stopped", hint="ask while it serves")
                self._mail = _mail_server(self.store, self._refusals)
                if self._mail_is_on:
                    self._mail.start()
            return f"smtp://127.0.0.1:{self._mail.port}"

    def start(self) -> Self:
        """Begin to serve."""
        try:
            self._server = HttpServer(self._app, self._port)
        except SandboxError:
            self.stop()
            raise
        self._port = self._server.port
        return self

    def stop(self) -> None:
        """Stop serving and close the store."""
        with self._mail_lock:
            self._is_stopped = True
            if self._mail:
                self._mail.close()
                self._mail = None
        if self._server:
            self._server.stop()
            self._server = None
        self.store.close()

    def __enter__(self) -> Self:
        """Begin to serve."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop."""
        self.stop()

    def reset(self) -> None:
        """Start afresh, the server running on: same address and credentials, nothing else left."""
        with self.store.database.lock:
            self.store.database.clear()
            self.faults.clear()
            self._refusals.clear()
            self._app.requests.clear()
            self._dimail.clock.offset = 0.0
            self._fill()
        self.start_mail()

    def publish_dns(self, domain: str) -> None:
        """Publish every DNS record *domain* needs, whether or not it exists yet."""
        self.store.publish_dns(domain)

    def set_record(self, name: str, type_: str, value: str) -> None:
        """Publish one DNS record."""
        self.store.add_record(name, type_, value)

    def remove_record(self, name: str, type_: str | None = None, value: str | None = None) -> int:
        """Withdraw DNS records and return how many there were."""
        return self.store.dns.remove(name, type_, value)

    def set_internal(
        self, domain: str, name: str, *, ok: bool, fixable: bool = True, code: str | None = None
    ) -> None:
        """Make an internal check of *domain* pass or fail, and say if `/fix/` mends it."""
        self.store.internal.set(domain, name, ok=ok, fixable=fixable, code=code)

    def add_fault(  # noqa: PLR0913  the fields of a fault
        self,
        *,
        kind: Kind,
        method: str = "*",
        path: str = "**",
        times: int | None = 1,
        nth: int = 1,
        delay: float = 1.0,
        retry_after: int | None = None,
        as_date: bool = False,
        status: int | None = None,
        body: str = "",
        content_type: str = "application/json",
        effect: bool = False,
    ) -> None:
        """Order a failure; `Fault` tells what the arguments mean."""
        fault = Fault(
            kind=kind,
            method=method,
            path=path,
            times=times,
            nth=nth,
            delay=delay,
            retry_after=retry_after,
            as_date=as_date,
            status=status,
            body=body,
            content_type=content_type,
            effect=effect,
        )
        self.faults.add(fault)

    def clear_faults(self) -> None:
        """Cancel every failure on order."""
        self.faults.clear()

    def effects(self) -> list[Effect]:
        """Return what the server did, oldest first."""
        return self.store.effects.all()

    def outbox(self, number: int | None = None) -> list[Letter]:
        """Return the letters that came in, oldest first, or only the one of that *number*."""
        return self.store.outbox.all(number)

    def clear_outbox(self) -> int:
        """Throw the letters away and return how many there were."""
        return self.store.outbox.clear()

    def refuse_recipients(self, pattern: str, code: int = 550, *, times: int | None = None) -> None:
        """
        Have the mail server answer *code* to recipients that fit *pattern*, as in `*@a.example`.

        Until `accept_recipients` or a reset, or for that many *times*.
        """
        self._refusals.add(pattern, code, times)

    def accept_recipients(self) -> None:
        """Have the mail server take every recipient again."""
        self._refusals.clear()

    def stop_mail(self) -> None:
        """Have nobody listen at `smtp_url`, and break off what is under way there."""
        with self._mail_lock:
            self._mail_is_on = False
            if self._mail:
                self._mail.stop()

    def start_mail(self) -> None:
        """Have the mail server back, at the same place."""
        with self._mail_lock:
            self._mail_is_on = True
            if self._mail:
                self._mail.start()

    def requests(self) -> list[Request]:
        """Return what the server was asked, oldest first."""
        return list(self._app.requests)

    def advance_clock(self, seconds: float) -> None:
        """Move the server's clock, which only tokens look at."""
        self._dimail.clock.offset += seconds

    def expire_tokens(self) -> None:
        """Let every token made so far end."""
        self.advance_clock(self.settings.token_lifetime + 1)

    def summary(self) -> dict[str, Any]:
        """Return the domains with their state and counts, and the counts of the rest."""
        with self.store.database.lock:
            return {
                "profile": self.profile,
                "users": len(self.store.api.users()),
                "domains": [
                    {
                        "name": domain.name,
                        "state": domain.state,
                        "features": list(domain.features),
                        "context": self.store.ox.context_of(domain.name),
                        "mailboxes": len(self.store.mail.mailboxes(domain.name)),
                        "aliases": len(self.store.mail.aliases(domain.name)),
                        "allows": len(self.store.api.allows(domain=domain.name)),
                    }
                    for domain in self.store.api.domains()
                ],
                "requests": len(self._app.requests),
                "effects": self.store.effects.count(),
            }

    def _fill(self) -> None:
        modern = self.settings.profile.modern
        if self._bootstrap:
            self.store.add_user(ADMIN, self.admin_password, is_admin=True)
            self.store.add_user(
                SERVICE, self.password, is_admin=not modern, perms=PERMS if modern else ()
            )
        planted = self.store.database.remember("seed", "{}")
        plant(load_seed(json.loads(planted)), self.store)


def _mail_server(store: Store, refusals: Refusals) -> MailServer:
    # aiosmtpd takes 40 ms to import, and few need it.
    from .smtp import MailServer  # noqa: PLC0415

    return MailServer(store.outbox, refusals)
