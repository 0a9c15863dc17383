"""
A forge with one repository: a real HTTP server that keeps comments, issues and artifacts.

It answers as GitHub's REST API does, as far as mailstate asks; what somebody else does, and what
goes wrong, is arranged from the test.
"""

import io
import json
import re
import threading
import zipfile
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self, cast
from urllib.parse import parse_qs, urlsplit

TOKEN = "ghs_canary0123456789"
OURSELVES = "github-actions[bot]"


@dataclass(slots=True)
class Trouble:
    """What befalls one request: before its effect or after it, a status or no answer at all."""

    method: str
    status: int | None = None
    effect: bool = False
    headers: dict[str, str] = field(default_factory=dict)


class Forge:
    """The forge; `log` has every request, `comments` and `issues` what it keeps by number."""

    repository = "commune/mail"

    def __init__(self, *, page: int = 100) -> None:
        self.comments: dict[int, dict[str, Any]] = {}
        self.issues: dict[int, dict[str, Any]] = {}
        self.pulls: dict[int, dict[str, Any]] = {}
        self.artifacts: dict[int, dict[str, Any]] = {}
        self.files: dict[int, bytes] = {}
        self.log: list[tuple[str, str]] = []
        self.troubles: deque[Trouble] = deque()
        self.page = page
        self.lock = threading.Lock()
        self._numbers = iter(range(1, 1_000_000))
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.forge = self
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def writes(self) -> list[str]:
        """The requests that were to change something."""
        return [f"{method} {path}" for method, path in self.log if method != "GET"]

    def comment(self, pull: int, body: str, *, by: str = OURSELVES) -> int:
        """Somebody says something."""
        number = next(self._numbers)
        self.comments[number] = {
            "id": number,
            "body": body,
            "user": {"login": by},
            "at": pull,
        }
        return number

    def issue(self, title: str, body: str, *, by: str = OURSELVES) -> int:
        """Somebody opens an issue."""
        number = next(self._numbers)
        self.issues[number] = {
            "number": number,
            "title": title,
            "body": body,
            "state": "open",
            "user": {"login": by},
        }
        return number

    def artifact(
        self, name: str, files: dict[str, str], *, branch: str = "main", fork: bool = False
    ) -> int:
        """A run on *branch*, of ours or of a *fork*, leaves an artifact."""
        number = next(self._numbers)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for file, text in files.items():
                archive.writestr(file, text)
        self.files[number] = packed.getvalue()
        self.artifacts[number] = {
            "id": number,
            "name": name,
            "expired": False,
            "created_at": f"2026-11-22T00:00:{number % 60:02}Z",
            "workflow_run": {
                "head_branch": branch,
                "repository_id": 1,
                "head_repository_id": 2 if fork else 1,
            },
        }
        return number

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        """What the forge does with one request."""
        base = f"/repos/{self.repository}"
        match method, *path.removeprefix(base).strip("/").split("/"):
            case "GET", "pulls", number:
                return 200, self.pulls[int(number)]
            case "GET", "issues", number, "comments":
                all_ = [one for one in self.comments.values() if one["at"] == int(number)]
                return 200, self._page(all_, query)
            case "POST", "issues", number, "comments":
                return 201, self.comments[self.comment(int(number), body["body"])]
            case "PATCH", "issues", "comments", number:
                self.comments[int(number)].update(body)
                return 200, self.comments[int(number)]
            case "DELETE", "issues", "comments", number:
                del self.comments[int(number)]
                return 204, None
            case "GET", "issues":
                listed = [*self.issues.values(), *self.pulls.values()]
                open_ = [one for one in listed if one.get("state") == query["state"]]
                return 200, self._page([*reversed(open_)], query)
            case "POST", "issues":
                return 201, self.issues[self.issue(body["title"], body["body"])]
            case "PATCH", "issues", number:
                self.issues[int(number)].update(body)
                return 200, self.issues[int(number)]
            case "GET", "actions", "artifacts":
                found = [one for one in self.artifacts.values() if one["name"] == query["name"]]
                return 200, {"artifacts": found}
            case _:
                return 404, {"message": "Not Found"}

    def _page(self, items: list[Any], query: dict[str, str]) -> list[Any]:
        size = min(self.page, int(query["per_page"]))
        start = (int(query["page"]) - 1) * size
        return items[start : start + size]

    def trouble(self, method: str) -> Trouble | None:
        for trouble in self.troubles:
            if trouble.method == method:
                self.troubles.remove(trouble)
                return trouble
        return None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    forge: Forge


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    @property
    def _forge(self) -> Forge:
        return cast("_Server", self.server).forge

    def _serve(self) -> None:
        url = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        with self._forge.lock:
            self._answer(url.path, query, body)

    def _answer(self, path: str, query: dict[str, str], body: Any) -> None:
        forge = self._forge
        forge.log.append((self.command, path))
        if stored := re.fullmatch(r"/store/(\d+)", path):
            # The store knows who may read by the URL, and wants no other credentials.
            status = 400 if "Authorization" in self.headers else 200
            self._send(status, forge.files[int(stored[1])], {})
            return
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._send(401, b'{"message": "Bad credentials"}', {})
            return
        trouble = forge.trouble(self.command)
        if trouble and not trouble.effect:
            self._fail(trouble)
            return
        if packed := re.fullmatch(r".*/actions/artifacts/(\d+)/zip", path):
            self._send(302, b"", {"Location": f"{forge.url}/store/{packed[1]}"})
            return
        try:
            status, answer = forge.answer(self.command, path, query, body)
        except KeyError:
            status, answer = 404, {"message": "Not Found"}
        if trouble:
            self._fail(trouble)
            return
        self._send(status, b"" if answer is None else json.dumps(answer).encode(), {})

    def _fail(self, trouble: Trouble) -> None:
        if trouble.status is None:
            self.close_connection = True
            return
        message = {"message": f"trouble with {TOKEN}"}
        self._send(trouble.status, json.dumps(message).encode(), trouble.headers)

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    do_GET = do_POST = do_PATCH = do_DELETE = _serve  # noqa: N815 - names of http.server
