"""The checks of a domain: what is looked at, and what is found."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .api_tables import Domain
from .database import Database
from .dns import (
    DKIM_SELECTOR,
    IMAP_TARGET,
    MX_TARGET,
    SMTP_TARGET,
    SPF_INCLUDE,
    WEBMAIL_TARGET,
    Dns,
    dkim_value,
    imap_names,
    mx_name,
    smtp_names,
    webmail_name,
)

EXTERNAL = ("domain_exist", "mx", "cname_webmail", "cname_imap", "cname_smtp", "spf", "dkim")
INTERNAL = ("postfix", "ox", "cert", "webmail_ok")
Problem = dict[str, str]
Checks = dict[str, dict[str, Any]]


class InternalChecks:
    """What is wrong with the provider's own set-up, and whether `/fix/` can mend it."""

    def __init__(self, database: Database) -> None:
        """Work on *database*."""
        self._database = database

    def set(
        self, domain: str, name: str, *, ok: bool, fixable: bool = True, code: str | None = None
    ) -> None:
        """Make the check *name* of *domain* pass or fail; the domain need not exist yet."""
        self._database.change(
            "INSERT OR REPLACE INTO internal_checks (domain, name, ok, fixable, code)"
            " VALUES (?, ?, ?, ?, ?)",
            domain,
            name,
            ok,
            fixable,
            code or f"no_{name}",
        )

    def repair(self, domain: str) -> list[str]:
        """Mend what can be mended on *domain* and return the names of the mended checks."""
        names = [
            str(name)
            for (name,) in self._database.rows(
                "SELECT name FROM internal_checks WHERE domain = ? AND NOT ok AND fixable",
                domain,
            )
        ]
        self._database.change(
            "UPDATE internal_checks SET ok = 1 WHERE domain = ? AND fixable", domain
        )
        return sorted(names)

    def problems(self, domain: str) -> dict[str, Problem]:
        """Return the failing checks of *domain*."""
        return {
            str(name): _problem(str(code), f"La configuration interne `{name}` est à reprendre.")
            for name, code in self._database.rows(
                "SELECT name, code FROM internal_checks WHERE domain = ? AND NOT ok", domain
            )
        }


def untested(*, modern: bool) -> Checks:
    """Return the checks of a domain that nobody has looked at yet."""
    return {
        name: _result([_problem("no_test", "Did not check yet")], modern=modern, name=name)
        for name in _names(modern=modern)
    }


def passing(*, modern: bool) -> Checks:
    """Return the checks of a domain on which all is well."""
    return {name: _result([], modern=modern, name=name) for name in _names(modern=modern)}


def run(domain: Domain, dns: Dns, internal: InternalChecks, *, modern: bool) -> Checks:
    """Look at *domain* and return every check with what is wrong."""
    problems: dict[str, list[Problem]] = {}
    if dns.exists(domain.name):
        problems = {name: list(look(domain, dns)) for name, look in _LOOKS.items()}
        if modern:
            problems |= {name: [found] for name, found in internal.problems(domain.name).items()}
    else:
        problems["domain_exist"] = [
            _problem("must_exist", f"Le domaine {domain.name} est introuvable dans le DNS.")
        ]
    return {
        name: _result(problems.get(name, []), modern=modern, name=name)
        for name in _names(modern=modern)
    }


def state_of(checks: Checks) -> str:
    """Return the state that *checks* give to their domain."""
    return "ok" if all(check["ok"] for check in checks.values()) else "broken"


def _names(*, modern: bool) -> tuple[str, ...]:
    return EXTERNAL + INTERNAL if modern else EXTERNAL


def _result(errors: list[Problem], *, modern: bool, name: str) -> dict[str, Any]:
    internal = {"internal": name in INTERNAL} if modern else {}
    return {"ok": not errors, **internal, "errors": errors}


def _problem(code: str, detail: str) -> Problem:
    return {"code": code, "detail": detail}


def _mx(domain: Domain, dns: Dns) -> Iterable[Problem]:
    name = mx_name(domain)
    hosts = {_host(value) for value in dns.values(name, "mx")}
    if not hosts:
        yield _problem("no_mx", f"Aucun enregistrement MX n'est publié pour {name}.")
    elif hosts != {MX_TARGET}:
        yield _problem(
            "wrong_mx", f"Le MX de {name} est {_told(hosts)} ; il faut {MX_TARGET} et lui seul."
        )


def _cname(check: str, names: Iterable[str], target: str, dns: Dns) -> Iterable[Problem]:
    for name in names:
        found = {_host(value) for value in dns.values(name, "cname")}
        if not found:
            yield _problem(f"no_{check}", f"Aucun CNAME n'est publié pour {name}.")
        elif found != {target}:
            yield _problem(
                f"wrong_{check}", f"Le CNAME de {name} vise {_told(found)} et non {target}"
            )


def _cname_webmail(domain: Domain, dns: Dns) -> Iterable[Problem]:
    if domain.has_webmail:
        yield from _cname("cname_webmail", (webmail_name(domain),), WEBMAIL_TARGET, dns)


def _cname_imap(domain: Domain, dns: Dns) -> Iterable[Problem]:
    if "mailbox" in domain.features:
        yield from _cname("cname_imap", imap_names(domain), IMAP_TARGET, dns)


def _cname_smtp(domain: Domain, dns: Dns) -> Iterable[Problem]:
    yield from _cname("cname_smtp", smtp_names(domain), SMTP_TARGET, dns)


def _spf(domain: Domain, dns: Dns) -> Iterable[Problem]:
    texts = [_joined(value) for value in dns.values(domain.name, "txt")]
    found = [text for text in texts if text.lower().split(" ")[0] == "v=spf1"]
    if not found:
        yield _problem("no_spf", f"Aucun SPF n'est publié pour {domain.name}.")
    elif len(found) > 1:
        yield _problem("invalid_spf", f"{domain.name} publie {len(found)} SPF ; il en faut un.")
    elif SPF_INCLUDE not in found[0].split():
        yield _problem("wrong_spf", f"Le SPF de {domain.name} ne contient pas {SPF_INCLUDE}.")


def _dkim(domain: Domain, dns: Dns) -> Iterable[Problem]:
    name = f"{DKIM_SELECTOR}.{domain.name}"
    keys = {_key(value) for value in dns.values(name, "txt")} - {""}
    if not keys:
        yield _problem("no_dkim", f"Aucune clé DKIM n'est publiée pour {name}.")
    elif keys != {_key(dkim_value(domain.name))}:
        yield _problem("wrong_dkim", f"La clé DKIM publiée pour {name} n'est pas la nôtre.")


_LOOKS: dict[str, Callable[[Domain, Dns], Iterable[Problem]]] = {
    "mx": _mx,
    "cname_webmail": _cname_webmail,
    "cname_imap": _cname_imap,
    "cname_smtp": _cname_smtp,
    "spf": _spf,
    "dkim": _dkim,
}


def _host(value: str) -> str:
    # An MX may be given with its preference, and any host without its final dot.
    return value.rsplit(maxsplit=1)[-1].lower().rstrip(".") + "."


def _told(hosts: Iterable[str]) -> str:
    return ", ".join(sorted(hosts))


def _joined(value: str) -> str:
    # A long text may be given in quoted pieces, as in a zone file.
    return "".join(value.split('"')[1::2]) if value.startswith('"') else value


def _key(value: str) -> str:
    for tag in _joined(value).split(";"):
        name, _, content = tag.partition("=")
        if name.strip() == "p":
            return "".join(content.split())
    return ""
