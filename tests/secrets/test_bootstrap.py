"""The first set-up: its new passwords are where they were asked for, and nowhere else."""

import logging
import stat

import pytest

from mailstate.sandbox import Sandbox
from tests.secrets.canaries import ADMIN, SERVICE, found, written
from tests.secrets.parrot import SPEECHES, Parrot
from tests.secrets.support import Nest

FILES = ("--admin-password-file", "admin.txt", "--password-file", "service.txt")
GIVEN = {"MAILSTATE_ADMIN_PASSWORD": ADMIN.word, "MAILSTATE_PASSWORD": SERVICE.word}


@pytest.fixture
def empty(tmp_path, puppet, caplog):
    """A place whose dimail has no user yet, and repeats all it hears; every log is kept."""
    caplog.set_level(logging.DEBUG)
    with Sandbox(seed=7, bootstrap=False) as sandbox, Parrot(sandbox) as parrot:
        nest = Nest(tmp_path, parrot, puppet)
        nest.settings = {"MAILSTATE_URL": parrot.url}
        yield nest


def test_new_passwords_are_in_their_files_alone(empty, caplog):
    """
    For our eyes only, whatever the umask.
    """
    ran = empty.call("bootstrap", "--yes", "-v", *FILES)
    again = empty.call("bootstrap", "--yes", "-v", *FILES)
    files = [empty.folder / name for name in ("admin.txt", "service.txt")]
    shown = f"{ran} {again} {caplog.text}".encode() + written(
        empty.folder, besides=[file.name for file in files]
    )

    assert (0, 0) == (ran.code, again.code)
    for file in files:
        password = file.read_text().strip()
        assert 0o600 == stat.S_IMODE(file.stat().st_mode)
        assert any(password in heard for heard in empty.parrot.heard)
        assert password.encode() not in shown
    assert not [path for path in empty.folder.iterdir() if path.name.startswith(".")]


def test_given_passwords_are_not_shown(empty, caplog):
    """
    Nor kept anywhere.
    """
    ran = empty.call("bootstrap", "--yes", "-v", env=GIVEN)

    assert (0, []) == (ran.code, empty.leaks(ran))
    assert [] == found(caplog.text)
    assert {ADMIN.core, SERVICE.core} == set(found(" ".join(empty.parrot.heard)))


@pytest.mark.parametrize("speech", SPEECHES)
def test_an_answer_that_repeats_passwords_is_not_shown(empty, caplog, speech):
    """
    To whichever question.
    """
    for call in ("GET /users/", "GET /token/"):
        empty.parrot.hush()
        empty.parrot.say(call, speech)
        ran = empty.call("bootstrap", "--yes", "-v", env=GIVEN)

        assert [] == empty.leaks(ran)
        assert ran.code in ({4} if call == "GET /users/" else {0, 4})
    assert [] == found(caplog.text)


@pytest.mark.parametrize("speech", ["400", "401", "403", "422", "a redirect"])
def test_a_refusal_that_repeats_passwords_is_not_shown(empty, caplog, speech):
    """
    The passwords were in what is refused.
    """
    empty.parrot.say("POST /users/", speech)
    ran = empty.call("bootstrap", "--yes", "-v", env=GIVEN)

    assert (4, []) == (ran.code, empty.leaks(ran))
    assert [] == found(caplog.text)
