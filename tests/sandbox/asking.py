"""Asks a sandbox over real HTTP, as whom one likes."""

import base64

import httpx

from mailstate.sandbox import Sandbox

EVERY_FEATURE = ["webmail", "mailbox", "alias"]
NAMES = {"givenName": "Ada", "surName": "Martin", "displayName": "Martin, Ada"}


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


class Asker:
    """
    A client of one sandbox.

    A caller is named as `basic:alice` or `token:alice`; anything else is sent as the
    Authorization header, None as none. Every user but the two of the sandbox has the password
    `no`.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._http: httpx.Client | None = None

    @property
    def http(self) -> httpx.Client:
        if self._http is None:
            self._http = httpx.Client(base_url=self.sandbox.url, timeout=20)
        return self._http

    def close(self) -> None:
        if self._http:
            self._http.close()
            self._http = None

    def __call__(
        self, request: str, *, by: str | None = None, json: object = None, **more
    ) -> httpx.Response:
        method, _, path = request.partition(" ")
        headers = dict(more.pop("headers", {}))
        if by is not None:
            headers["Authorization"] = self.header(by)
        if json is not None:
            more["json"] = json
        response = self.http.request(method, path, headers=headers, **more)
        if response.status_code == 500:
            # The server ends the connection without a word: another one, or be reset.
            self.close()
        return response

    def header(self, by: str) -> str:
        kind, _, name = by.partition(":")
        if kind == "basic" and name:
            return basic(name, self.password(name))
        if kind == "token":
            answer = self("GET /token/", by=f"basic:{name}")
            return f"Bearer {answer.json()['access_token']}"
        return by

    def password(self, name: str) -> str:
        sandbox = self.sandbox
        known = {
            sandbox.admin_username: sandbox.admin_password,
            sandbox.username: sandbox.password,
        }
        return known.get(name, "no")

    def detail(self, response: httpx.Response) -> object:
        """Return the detail of an error, whatever its form."""
        if response.headers["content-type"].startswith("text/plain"):
            return response.text
        return response.json()["detail"]
