"""Communes in a folder, their dimail and their mail server: all that People did, as commands."""

import json
import re
from collections.abc import Iterable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from mailstate.sandbox import Sandbox
from tests.cli.support import ALICE, BOB, CLEO, Place, Ran
from tests.letters.servers import Inbox

__all__ = ["ALICE", "BOB", "CLEO", "SERVICE", "Communes", "D", "a_domain", "box"]

D = "commune.example"
SERVICE = "la_regie"
NOTIFY = '[notify]\nsender = "Messagerie <noreply@commune.example>"\nlanguage = "en"\n'
PASSWORD = re.compile(r"(?m)^\s*([A-Za-z0-9]{20})$")
CODE = re.compile(r"/code/([A-Za-z0-9_%-]+)")


def box(local_part: str, *, secondary: str | None = "", **more: Any) -> dict[str, Any]:
    """A mailbox as a file has it; its holder has a secondary address unless that is None."""
    values = {"local_part": local_part, "first_name": local_part.title(), "last_name": "Martin"}
    if secondary is not None:
        values["secondary_email"] = secondary or f"{local_part}@perso.example"
    return {**values, **more}


def a_domain(name: str = D, *mailboxes: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A domain as a file has it, with Alice for its owner."""
    return {"name": name, "owners": ["alice.martin"], "mailboxes": [*mailboxes], **more}


class Communes(Place):
    """A folder with one file a domain, a dimail, and the mail server *inbox* if there is one."""

    def __init__(self, folder: Path, sandbox: Sandbox, inbox: Inbox | None = None) -> None:
        super().__init__(folder, sandbox)
        (folder / "state/commune.yaml").unlink()
        self.assume = "assume_enabled = true\n" if sandbox.profile == "2024" else ""
        self.set()
        self._seen = 0
        if inbox is not None:
            self.settings["MAILSTATE_SMTP_URL"] = f"smtp://127.0.0.1:{inbox.port}"
        self.inbox = inbox

    def set(self, text: str = "", notify: str = NOTIFY) -> None:
        """Have *text* in mailstate.toml, before what every test has there."""
        self.write("mailstate.toml", f"{self.assume}{text}{notify}")

    def declare(self, *domains: dict[str, Any]) -> None:
        """Have a file for each of *domains*."""
        for domain in domains:
            self.write(f"state/{domain['name']}.yaml", json.dumps({"domains": [domain]}))

    def plan(self, *options: str, **more: Any) -> Any:
        """The plan, as JSON."""
        ran = self.call("plan", "--format", "json", *options, **more)

        assert 0 == ran.code, ran.err
        return ran.json

    def apply(self, *options: str, code: int = 0, **more: Any) -> Any:
        """What an apply reports, which ends with *code*."""
        ran = self.call("apply", "--yes", "--format", "json", *options, **more)

        assert code == ran.code, (ran.err, ran.out)
        return ran.json

    def enable(self, *domains: dict[str, Any]) -> None:
        """Have *domains* declared and applied, with all of their DNS published."""
        self.declare(*domains)
        for domain in domains:
            self.sandbox.publish_dns(domain["name"])
        self.apply()

    def forget(self) -> None:
        """Leave out what was asked and sent until now."""
        self._seen = len(self.sandbox.requests())
        if self.inbox is not None:
            self.inbox.letters.clear()

    def asked(self, method: str = ".*", path: str = ".*") -> list[tuple[str, str]]:
        """The calls since `forget` that fit both expressions, in order."""
        return [
            (request.method, request.path)
            for request in self.sandbox.requests()[self._seen :]
            if re.fullmatch(method, request.method) and re.fullmatch(path, request.path)
        ]

    def sent(self) -> list[tuple[str, str]]:
        """Every call since `forget` that changes something: People's services are GETs too."""
        return self.asked("POST|PATCH|PUT|DELETE")

    def letters(self) -> list[EmailMessage]:
        """The letters since `forget`."""
        assert self.inbox is not None
        contents = (letter.original_content or b"" for letter in self.inbox.letters)
        return [message_from_bytes(one, policy=default) for one in contents]

    def welcomed(self) -> list[str]:
        """To whom a letter went since `forget`, once for each letter."""
        assert self.inbox is not None
        return sorted(to for letter in self.inbox.letters for to in letter.rcpt_tos)

    def keys(self) -> list[str]:
        """The passwords and the codes in the letters since `forget`, none of them twice."""
        texts = map(text_of, self.letters())
        return [key for text in texts for key in (*PASSWORD.findall(text), *CODE.findall(text))]

    def made(self, kind: str = "mailbox") -> list[str]:
        """What the server has made of *kind*, once for each time."""
        return sorted(
            effect.object
            for effect in self.sandbox.effects()
            if (effect.action, effect.kind) == ("create", kind)
        )

    def checks_answer(self, domain: str, state: str, *, verb: str = "check", **checks: Any) -> None:
        """
        Have dimail answer every check of *domain* with *state* and *checks*.

        Of each check it is said whether it is internal and whether it is ok.
        """
        body = {
            "name": domain,
            "state": state,
            "valid": state == "ok",
            "features": ["webmail", "mailbox", "alias"],
            "delivery": "virtual",
            "context_name": domain,
            **{
                name: {"ok": ok, "internal": internal, "errors": [] if ok else [WRONG]}
                for name, (internal, ok) in checks.items()
            },
        }
        slash = "/" if verb == "fix" else ""
        self.sandbox.add_fault(
            kind="answer",
            method="GET",
            path=f"/domains/{domain}/{verb}{slash}",
            body=json.dumps(body),
            times=None,
        )


def text_of(letter: EmailMessage) -> str:
    """The plain half of *letter*."""
    body = letter.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


WRONG = {"code": "odd", "detail": "étrange"}
EXTERNAL, INTERNAL = False, True


def outcomes(report: Any, kind: str = "mailbox") -> dict[str, str]:
    """What became of each mailbox, or of what else has that kind, without the domain if it can."""
    return {
        entry["address"].removeprefix(f"{kind}/").removesuffix(f"@{D}"): entry["outcome"]
        for entry in report["outcomes"]
        if entry["kind"] == kind
    }


def reasons(entries: Iterable[Any]) -> dict[str, str]:
    """Address and reason of entries of a plan."""
    return {entry["address"]: entry["reason"] for entry in entries}


def addresses(entries: Iterable[Any]) -> list[str]:
    return [entry["address"] for entry in entries]


def events(place: Place, name: str = "journal.jsonl") -> list[dict[str, Any]]:
    """The lines of a journal."""
    return [json.loads(line) for line in place.read(name).splitlines()]


def killed_after_begun(place: Place, *names: str, target: str = "", **more: Any) -> None:
    """Leave a journal of a run on *target* that was killed once it had begun to make *names*."""
    keys = [f"mailbox/{name}@{D}" for name in names]
    run = {"event": "run", "target": target or place.sandbox.url, "planned": keys, **more}
    begun = ({"event": "begun", "address": key, "action": "create"} for key in keys)
    at = {"at": "2026-09-01T08:30:00.000+00:00"}
    lines = (f"{json.dumps({**at, **line})}\n" for line in (run, *begun))
    place.write("journal.jsonl", "".join(lines))


def said(ran: Ran) -> str:
    return ran.out + ran.err
