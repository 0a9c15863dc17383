"""The token of the forge: sent to the forge, and shown nowhere."""

import json
import logging

import pytest

from tests.secrets.canaries import FORGE, found
from tests.secrets.support import server_that_says

COMMIT = "0123456789abcdef0123456789abcdef01234567"
COMMANDS = (("ci", "comment", "plan.md"), ("ci", "snapshot", "--out", "live.json"))


def answer(status, body="{}", **headers):
    """An answer that repeats what was heard in its reason, and in `{}` wherever that stands."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} {{}}\r\nX-Echo: {{}}\r\n{lines}Connection: close\r\n\r\n{body}"


@pytest.fixture
def workflow(nest):
    """A step of a workflow for a pull request; the environment for a forge at a port."""
    side = {"sha": COMMIT, "repo": {"id": 1}}
    event = {"pull_request": {"number": 7, "head": side, "base": side}}
    nest.write("event.json", json.dumps(event))
    nest.write("plan.md", "A plan\n")

    def at(port, token=FORGE.word):
        return {
            "GITHUB_API_URL": f"http://127.0.0.1:{port}",
            "GITHUB_TOKEN": token,
            "GITHUB_EVENT_PATH": "event.json",
            "GITHUB_EVENT_NAME": "pull_request",
            "GITHUB_REPOSITORY": "commune/mail",
            "GITHUB_SHA": COMMIT,
            "GITHUB_ACTOR": "alice",
            "GITHUB_RUN_ID": "42",
        }

    return at


@pytest.mark.parametrize(
    "said",
    [
        answer(401, '{"message": "{}"}'),
        answer(403, '{"message": "{}"}'),
        answer(404),
        answer(422),
        answer(200),
        answer(200, '"{}"'),
        answer(200, '{"head": "x", "artifacts": "x", "echo": "y"}'),
        answer(302, Location="https://u:p@[{}"),
    ],
)
@pytest.mark.parametrize("command", COMMANDS, ids=["comment", "snapshot"])
def test_a_forge_that_repeats_the_token_is_not_quoted(nest, workflow, caplog, command, said):
    """
    Neither in what is said nor in the log of any library.
    """
    caplog.set_level(logging.DEBUG)
    with server_that_says(said) as port:
        ran = nest.call(*command, env=workflow(port))

    assert (4, []) == (ran.code, nest.leaks(ran))
    assert [] == found(caplog.text)


@pytest.mark.parametrize("token", [f"{FORGE.word}\n", f"{FORGE.word} x", f"{FORGE.word}\u00e9"])
def test_a_token_that_cannot_be_sent_is_not_shown(nest, workflow, token):
    """
    One with a line break at its end is easily made.
    """
    ran = nest.call(*COMMANDS[0], env=workflow(1, token))

    assert (3, []) == (ran.code, nest.leaks(ran))
    assert "the token for the forge holds a blank" in ran.err
