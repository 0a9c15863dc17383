"""A dimail with a past, from a file."""

import json

import pytest

from mailstate.sandbox import Sandbox, SandboxError
from tests.sandbox.asking import Asker

PAST = {
    "users": [
        {"name": "admin"},
        {"name": "alice", "password": "secret", "is_admin": False, "perms": ["new_domain"]},
    ],
    "domains": [
        {"name": "a.example", "context": "c", "state": "ok"},
        {"name": "b.example", "features": ["mailbox"], "published": True, "state": "new"},
    ],
    "allows": [{"user": "alice", "domain": "a.example"}],
    "mailboxes": [
        {"domain": "a.example", "local_part": "u", "given_name": "U", "sur_name": "N"},
        {"domain": "a.example", "local_part": "v", "half": "ox", "display_name": "V"},
    ],
    "aliases": [{"domain": "a.example", "user_name": "c", "destination": "u@a.example"}],
    "records": [{"name": "c.example", "type": "a", "value": "192.0.2.1"}],
}


def test_a_seed_is_planted_at_start_and_at_reset(tmp_path):
    """
    Users, domains, rights, mailboxes, aliases and DNS records are there, without effects.
    """
    path = tmp_path / "seed.json"
    path.write_text(json.dumps(PAST))
    with Sandbox(seed_file=path) as sandbox:
        ask = Asker(sandbox)
        for _ in range(2):
            seen = sandbox.summary()
            assert [("a.example", "ok", 1), ("b.example", "new", 0)] == [
                (domain["name"], domain["state"], domain["allows"]) for domain in seen["domains"]
            ]
            assert (3, 0) == (seen["users"], seen["effects"])
            checked = ask("GET /domains/b.example/check", by="basic:admin").json()
            assert "ok" == checked["state"]
            assert sandbox.store.dns.exists("c.example")
            sandbox.reset()
        ask.close()


def test_a_seed_may_be_given_as_a_value(tmp_path):
    """
    A mapping does as well as a file, and a file store remembers it.
    """
    with Sandbox(path=tmp_path / "s.sqlite", seed_file=PAST):
        pass
    with Sandbox(path=tmp_path / "s.sqlite") as sandbox:
        sandbox.reset()
        assert 2 == len(sandbox.summary()["domains"])


@pytest.mark.parametrize(
    ("past", "problem"),
    [
        ({"user": []}, "`user` is not one of users, domains"),
        ({"users": {}}, "users: must be a list"),
        ({"users": ["x"]}, r"users\[0\]: must be an object"),
        ({"users": [{}]}, r"users\[0\]: `name` is missing"),
        ({"users": [{"name": 1}]}, r"users\[0\]: `name` must be a text"),
        ({"users": [{"name": "x", "age": 1}]}, r"`age` is not a field; there are name, password"),
        ({"users": [{"name": "x"}, {"name": "x"}]}, r"users\[1\]: x is there twice"),
        ({"users": [{"name": "x", "is_admin": "no"}]}, "must be true or false"),
        ({"users": [{"name": "x", "perms": "all"}]}, "`perms` must be a list"),
        ({"domains": [{"name": "x", "features": ["fly"]}]}, "must be one of webmail, mailbox"),
        ({"domains": [{"name": "x", "state": "fine"}]}, "must be one of new, ok, broken"),
        ({"allows": [{"user": "x", "domain": "y"}]}, r"allows\[0\]: the domain y is not"),
        ({"mailboxes": [{"domain": "y", "local_part": "u"}]}, r"mailboxes\[0\]: the domain y"),
        (
            {
                "domains": [{"name": "y"}],
                "mailboxes": [
                    {"domain": "y", "local_part": part, "display_name": "Same"} for part in "uv"
                ],
            },
            r"mailboxes\[1\]: ox: display name of v@y is taken",
        ),
    ],
)
def test_a_faulty_seed_is_told_place_by_place(past, problem):
    """
    The message names the entry and what is wrong with it.
    """
    with pytest.raises(SandboxError, match=problem) as refusal:
        Sandbox(seed_file=past)
    assert refusal.value.hint


def test_all_problems_of_a_seed_come_in_one_go(tmp_path):
    """
    Each problem has a line of its own, with the file.
    """
    path = tmp_path / "seed.json"
    path.write_text('{"users": [{}], "domains": [{}]}')
    with pytest.raises(SandboxError) as refusal:
        Sandbox(seed_file=path)
    assert 2 == len(refusal.value.message.splitlines())
    assert str(path) in refusal.value.message


@pytest.mark.parametrize(
    ("text", "problem"), [("{", "Expecting"), ("[]", "is no object"), (None, "No such file")]
)
def test_a_seed_file_must_be_readable_json(tmp_path, text, problem):
    """
    A file that is missing, no JSON or no object is named.
    """
    path = tmp_path / "seed.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(SandboxError, match=problem):
        Sandbox(seed_file=path)
