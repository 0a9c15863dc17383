"""
A dimail that repeats all it has heard, wherever an HTTP server can put words.

It stands before a sandbox, which does the work; the secrets that pass through it are canaries.
"""

import base64
import http.client
import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from mailstate.sandbox import Sandbox
from tests.secrets.canaries import CODE, FIRST, LOCATION, PASSWORD, RESET, TOKEN


@dataclass(frozen=True)
class Said:
    """An answer; `raw` takes the place of all the rest, and ends the connection."""

    status: int = 200
    reason: str = "OK"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    raw: bytes = b""


Say = Callable[[str], Said]
"""What to answer, given all that was heard."""


def _json(value: object, status: int = 200, **headers: str) -> Said:
    return Said(status=status, headers=headers, body=json.dumps(value).encode())


def _raw(text: str) -> Said:
    return Said(raw=text.encode())


def _validation(heard: str) -> Said:
    fault = {"type": "x", "loc": ["body", heard], "msg": heard, "input": {"password": heard}}
    return _json({"detail": [fault]}, 422)


def _strange(heard: str) -> Said:
    keys = ("password", "code", "email", "name", "access_token", "state", "features", "domain")
    return _json({**{key: [heard] for key in keys}, heard: {"ok": heard, "errors": heard}})


_OK = "HTTP/1.1 200 OK"

SPEECHES: Mapping[str, Say] = {
    "400": lambda heard: _json({"detail": heard}, 400),
    "401": lambda heard: _json({"detail": heard}, 401, **{"WWW-Authenticate": heard}),
    "403": lambda heard: _json({"detail": heard}, 403),
    "404": lambda heard: _json({"detail": heard}, 404),
    "409": lambda heard: _json({"detail": heard}, 409),
    "422": _validation,
    "429": lambda heard: _json({"detail": heard}, 429, **{"Retry-After": heard}),
    "500": lambda heard: Said(status=500, body=heard.encode()),
    "503": lambda heard: Said(status=503, headers={"Date": heard}, body=heard.encode()),
    "no JSON": lambda heard: Said(body=heard.encode()),
    "a text": _json,
    "a list": lambda heard: _json([heard, {"name": [heard]}]),
    "strange types": _strange,
    "strange checks": lambda heard: _json(
        {
            "name": "commune.example",
            "features": ["mailbox"],
            "state": "broken",
            heard: {"ok": heard, "errors": heard},
        }
    ),
    "a redirect": lambda heard: Said(
        status=307, headers={"Location": f"https://u:{LOCATION.word}@other.example/{heard}"}
    ),
    "a redirect to no URL": lambda heard: Said(
        status=308, headers={"Location": f"http://[{LOCATION.word}{heard}"}
    ),
    "half an answer": lambda heard: _raw(f"{_OK}\r\nContent-Length: 99999\r\n\r\n{heard}"),
    "no HTTP": lambda heard: _raw(f"{heard}\r\n\r\n"),
    "a bad status": lambda heard: _raw(f"HTTP/1.1 {heard}\r\n\r\n"),
    "a bad header": lambda heard: _raw(f"{_OK}\r\n{heard} {heard}\0\r\n\r\n"),
    "a bad length": lambda heard: _raw(f"{_OK}\r\nContent-Length: {heard}\r\n\r\n"),
    "bad chunks": lambda heard: _raw(f"{_OK}\r\nTransfer-Encoding: chunked\r\n\r\n{heard}\r\n"),
    "bad packing": lambda heard: Said(headers={"Content-Encoding": "gzip"}, body=heard.encode()),
}


class Parrot:
    """
    The dimail of *sandbox*, with a password, tokens and codes that are canaries.

    Each answer has what was heard in its reason, in headers and in fields that nobody knows.
    `say` has another answer given to the calls that fit an expression such as `POST /users/`.
    With `word` set, each of those secrets is that word.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self.heard: list[str] = []
        self.word: str | None = None
        self.sandbox = sandbox
        self._token = ""
        self._speeches: list[tuple[str, Say]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def say(self, calls: str, speech: str | Say) -> None:
        """Give the answer called *speech* to the *calls*; `honestly` ends that."""
        self._speeches = [said for said in self._speeches if said[0] != calls]
        if speech != "honestly":
            say = SPEECHES[speech] if isinstance(speech, str) else speech
            self._speeches.append((calls, say))

    def hush(self) -> None:
        """Forget everything."""
        self.heard.clear()
        self.word = None
        self._speeches.clear()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        parrot = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Without this, an answer in several pieces takes 40 ms.
            wbufsize = -1
            disable_nagle_algorithm = True

            def handle_one_request(self) -> None:
                self.raw_requestline = self.rfile.readline(65537)
                if not self.raw_requestline or not self.parse_request():
                    self.close_connection = True
                    return
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                said = parrot._answer(self.command, self.path, dict(self.headers), body)
                if said.raw:
                    self.wfile.write(said.raw)
                    self.close_connection = True
                else:
                    self.send_response_only(said.status, said.reason)
                    for name, value in said.headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(said.body)))
                    self.end_headers()
                    self.wfile.write(said.body)
                self.wfile.flush()

        return Handler

    def _answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Said:
        kind, _, login = headers.get("Authorization", "").partition(" ")
        self._hear(login, body.decode())
        if kind == "Basic":
            login = base64.b64decode(login).decode()
            self._hear(login)
            name, _, password = login.partition(":")
            if password == (self.word or PASSWORD.text):
                password = self.sandbox.password
            login = base64.b64encode(f"{name}:{password}".encode()).decode()
        elif login == (self.word or TOKEN.word):
            login = self._token
        heard = " ".join(dict.fromkeys(self.heard[-12:]))
        for calls, speech in reversed(self._speeches):
            if re.fullmatch(calls, f"{method} {path}"):
                return self._repeating(speech(heard), heard)
        status, answer = self._asked(method, path, f"{kind} {login}", headers, body)
        return self._repeating(
            Said(status=status, body=self._with_canaries(path, answer, heard)), heard
        )

    def _asked(
        self, method: str, path: str, authorization: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(self.sandbox.url.removeprefix("http://"))
        try:
            sent = {**headers, "Authorization": authorization}
            connection.request(method, path, body or None, sent)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def _with_canaries(self, path: str, answer: bytes, heard: str) -> bytes:
        try:
            told: Any = json.loads(answer)
        except ValueError:
            return answer
        if not isinstance(told, dict):
            return answer
        if "access_token" in told:
            self._token, told["access_token"] = told["access_token"], self.word or TOKEN.word
        if "code" in told:
            told["code"] = self.word or CODE.text
        if "password" in told:
            told["password"] = self.word or (RESET if "reset" in path else FIRST).text
        self._hear(*(str(told[key]) for key in ("code", "password") if key in told))
        return json.dumps({**told, "echo": heard, heard: heard}).encode()

    def _repeating(self, said: Said, heard: str) -> Said:
        headers = {"X-Echo": heard, "Set-Cookie": f"echo={heard}; expires={heard}", **said.headers}
        return Said(
            status=said.status,
            reason=_one_line(heard) if said.status < 500 else "Error",
            headers={name: _one_line(value) for name, value in headers.items()},
            body=said.body,
            raw=said.raw,
        )

    def _hear(self, *words: str) -> None:
        self.heard += [word for word in words if word]


def _one_line(text: str) -> str:
    return re.sub(r"[^ -~]", "?", text)[:2000]
