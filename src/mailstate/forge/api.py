"""
The REST API of GitHub, and of forges that speak like it: one request, one answer, told in words.

Nothing of an answer's body gets into an error, and no exception of httpx leaves: both could hold
the token.
"""

import logging
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

import httpx

from mailstate import __version__
from mailstate.errors import RemoteError, SettingsError
from mailstate.model.secret import Secret

# They log the headers and the reason of answers, and URLs that are signed for whoever has them.
for _logger in ("httpx", "httpcore"):
    logging.getLogger(_logger).setLevel(logging.CRITICAL + 1)

_PATIENCE = 30.0
_TRIES = 4
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0
_PAGE = 100
_MOST_PAGES = 100

_HINTS = {
    HTTPStatus.UNAUTHORIZED: "check the token: GITHUB_TOKEN, in the environment of this step",
    HTTPStatus.FORBIDDEN: "give the job the permission that its token lacks",
    HTTPStatus.NOT_FOUND: "check the repository, and that the token may see it",
    HTTPStatus.UNPROCESSABLE_ENTITY: "the forge takes nothing of this length or form",
}


class ForgeError(RemoteError):
    """The forge was not reached, refused us, or answered nonsense."""


class DoubtfulForgeError(ForgeError):
    """Something was sent to the forge, and it is not known whether it had its effect."""


class GoneForgeError(ForgeError):
    """What was to be changed is not there, or was never ours to see."""


class Api:
    """
    One forge, spoken to with one token. To be used as a context manager.

    Reads are repeated when the forge is busy or not to be reached; writes are sent once. Raises
    `SettingsError` if *url* is neither https nor on loopback.
    """

    def __init__(
        self, url: str, token: Secret, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        base = httpx.URL(url)
        if base.userinfo or (
            base.scheme != "https" and base.host not in {"127.0.0.1", "localhost", "::1"}
        ):
            raise SettingsError(
                "the API of the forge is not at https://", hint="check GITHUB_API_URL"
            )
        self._token = token
        self._sleep = sleep
        self._http = httpx.Client(
            base_url=base,
            timeout=_PATIENCE,
            headers={"Accept": "application/vnd.github+json", "User-Agent": _NAME},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._http.close()

    def get(self, path: str, **query: str | int) -> Any:  # noqa: ANN401 - JSON
        """What is at *path*. Raises `ForgeError`."""
        return _json(f"GET {path}", self._read(path, query))

    def pages(self, path: str, **query: str | int) -> Iterator[Any]:
        """Each item of the list at *path*, whatever the number of its pages. Raises as `get`."""
        for page in range(1, _MOST_PAGES + 1):
            items = self.get(path, **query, per_page=_PAGE, page=page)
            if not isinstance(items, list):
                raise ForgeError(f"GET {path}: the answer is not a list")
            yield from items
            # Some forges give fewer to a page than they are asked for.
            if not items:
                return
        raise ForgeError(f"GET {path}: the list has no end")

    def download(self, path: str) -> bytes:
        """The file at *path*, wherever the forge keeps it. Raises as `get`."""
        answer = self._read(path, {})
        if answer.is_redirect:
            # The store has its own way to know us, in the URL: our token is not its concern.
            try:
                answer = httpx.get(answer.headers["Location"], timeout=_PATIENCE)
            except (httpx.HTTPError, httpx.InvalidURL, KeyError):
                raise ForgeError(f"GET {path}: the file could not be fetched") from None
        if answer.status_code != HTTPStatus.OK:
            raise _refused(f"GET {path}", answer)
        return answer.content

    def send(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        """
        Change something, once.

        Raises `ForgeError` if it certainly had no effect (`GoneForgeError` if there is nothing to
        change), else `DoubtfulForgeError`.
        """
        call = f"{method} {path}"
        try:
            answer = self._ask(method, path, json=body)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            raise ForgeError(f"{call}: no connection", hint=_NETWORK) from None
        except httpx.HTTPError:
            raise DoubtfulForgeError(f"{call}: the answer was lost", hint=_NETWORK) from None
        if answer.is_server_error:
            raise DoubtfulForgeError(f"{call}: the forge answered {answer.status_code}")
        if not answer.is_success:
            raise _refused(call, answer)
        return _json(call, answer) if answer.content else None

    def _read(self, path: str, query: dict[str, str | int]) -> httpx.Response:
        call = f"GET {path}"
        pause = _FIRST_PAUSE
        tries = 1
        while True:
            answer = None
            try:
                answer = self._ask("GET", path, params=query)
            except httpx.HTTPError:
                trouble = ForgeError(f"{call}: no answer", hint=_NETWORK)
            else:
                if answer.is_success or answer.is_redirect:
                    return answer
                trouble = _refused(call, answer)
                if not (answer.is_server_error or _is_limit(answer)):
                    raise trouble
            if tries == _TRIES:
                raise trouble
            self._sleep(min(_LONGEST_PAUSE, max(pause, _retry_after(answer))))
            pause *= 2
            tries += 1

    def _ask(self, method: str, path: str, **parts: Any) -> httpx.Response:  # noqa: ANN401 - httpx's
        authorization = f"Bearer {self._token.reveal()}"
        return self._http.request(method, path, headers={"Authorization": authorization}, **parts)


_NAME = f"mailstate/{__version__}"
_NETWORK = "check the network, or run it again"


def _json(call: str, answer: httpx.Response) -> Any:  # noqa: ANN401 - JSON
    try:
        return answer.json()
    except ValueError:
        raise ForgeError(f"{call}: the answer is not JSON") from None


def _refused(call: str, answer: httpx.Response) -> ForgeError:
    status = answer.status_code
    hint = "try again later" if _is_limit(answer) else _HINTS.get(HTTPStatus(status), "")
    kind = GoneForgeError if status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE} else ForgeError
    return kind(f"{call}: the forge answered {status}", hint=hint)


def _is_limit(answer: httpx.Response) -> bool:
    """Whether *answer* says "not so fast": GitHub does it with 403 as well as with 429."""
    return answer.status_code == HTTPStatus.TOO_MANY_REQUESTS or (
        answer.status_code == HTTPStatus.FORBIDDEN
        and ("Retry-After" in answer.headers or answer.headers.get("X-RateLimit-Remaining") == "0")
    )


def _retry_after(answer: httpx.Response | None) -> float:
    text = "" if answer is None else answer.headers.get("Retry-After", "")
    return float(text) if text.isdecimal() else 0.0
