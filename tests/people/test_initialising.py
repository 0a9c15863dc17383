"""Contract §11, "Initialising dimail": an empty server, its two accounts, domains and people."""

import pytest

from mailstate.errors import ExitCode
from mailstate.sandbox import Sandbox
from tests.people.support import ALICE, BOB, CLEO, Communes, D, a_domain, box

FILES = ("--admin-password-file", "admin.txt", "--password-file", "service.txt")
PERMS = {"new_domain", "create_users", "manage_users"}


@pytest.fixture(params=["2024", "2026"])
def empty(request, tmp_path, inbox):
    """A dimail that has no user yet, and the files of one commune."""
    with Sandbox(profile=request.param, bootstrap=False) as sandbox:
        place = Communes(tmp_path, sandbox, inbox)
        for name in ("MAILSTATE_USERNAME", "MAILSTATE_PASSWORD"):
            del place.settings[name]
        roles = [
            {"user": "bob.durand", "role": "administrator"},
            {"user": "cleo.petit", "role": "viewer"},
        ]
        place.declare(a_domain(D, box("ada"), accesses=roles))
        sandbox.publish_dns(D)
        yield place


def test_initialising_dimail(empty):
    """
    Row "Initialising dimail": the administrator with empty credentials, the service account with
    the rights that this version knows, then as that account the domains, people and accesses.
    """
    booted = empty.call("bootstrap", "--yes", *FILES)
    env = {"MAILSTATE_USERNAME": "mailstate", "MAILSTATE_PASSWORD_FILE": "service.txt"}
    empty.apply(env=env)
    users = {user.name: user for user in empty.sandbox.store.api.users()}
    actors = {effect.object: effect.actor for effect in empty.sandbox.effects()}

    assert (ExitCode.OK, "") == (booted.code, booted.err)
    assert {"admin", "mailstate", ALICE, BOB} == set(users)
    assert {"admin"} | ({"mailstate"} if empty.sandbox.profile == "2024" else set()) == {
        name for name, user in users.items() if user.is_admin
    }
    assert (set() if empty.sandbox.profile == "2024" else PERMS) == set(users["mailstate"].perms)
    assert ((), ()) == (users[ALICE].perms, users[BOB].perms)
    assert {"mailstate"} == {actors[name] for name in (D, ALICE, BOB, f"{D}/{ALICE}", f"ada@{D}")}
    assert "admin" == actors["mailstate"]


def test_initialising_dimail_again(empty):
    """
    Row "Initialising dimail": what People passes over when it is there already is nothing to do.
    """
    env = {"MAILSTATE_USERNAME": "mailstate", "MAILSTATE_PASSWORD_FILE": "service.txt"}
    assert ExitCode.OK == empty.call("bootstrap", "--yes", *FILES).code
    empty.apply(env=env)
    effects = len(empty.sandbox.effects())
    empty.forget()
    assert ExitCode.OK == empty.call("bootstrap", "--yes", *FILES).code
    empty.apply(env=env)

    assert [] == empty.sent()
    assert effects == len(empty.sandbox.effects())


def test_initialising_dimail_gives_viewers_nothing(empty):
    """
    Row "Initialising dimail", step 4, but not its shortcut: a viewer is neither user nor allowed.
    """
    env = {"MAILSTATE_USERNAME": "mailstate", "MAILSTATE_PASSWORD_FILE": "service.txt"}
    assert ExitCode.OK == empty.call("bootstrap", "--yes", *FILES).code
    empty.apply(env=env)

    assert {("mailstate", D), (ALICE, D), (BOB, D)} == set(empty.sandbox.store.api.allows())
    assert CLEO not in {user.name for user in empty.sandbox.store.api.users()}
