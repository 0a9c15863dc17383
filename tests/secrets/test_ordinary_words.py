"""What is left out is a field, not a text: a secret that is an ordinary word changes nothing."""

import json
import re
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstate.model.secret import Secret
from tests.secrets.canaries import found
from tests.secrets.support import ALL_FILES, SETTINGS

COMMANDS = (
    ("plan", "--format", "json"),
    ("apply", "--yes", "--concurrency", "1", *ALL_FILES),
    ("status",),
    ("explain", "mailbox/ada@commune.example"),
    ("notify", "ada@commune.example"),
    ("snapshot", "--out", "snapshot.json"),
)


def told(nest, mode):
    """All that is said and written in a series of commands, without the times."""
    nest.sandbox.reset()
    nest.sandbox.publish_dns("commune.example")
    nest.write("mailstate.toml", SETTINGS.format(mode=mode))
    runs = [nest.call(*command) for command in COMMANDS]
    assert {0} == {ran.code for ran in runs}
    files = {
        path.name: path.read_text()
        for path in nest.folder.iterdir()
        if path.suffix != ".toml"
        if path.is_file()
    }
    for path in files:
        (nest.folder / path).unlink()
    shown = json.dumps([[ran.out, ran.err] for ran in runs] + sorted(files.items()))
    return re.sub(r"20\d\d-[-\d:T.+]*", "TIME", shown)


@pytest.mark.parametrize(
    ("word", "mode"), [("a", "password"), ("commune.example", "login-link"), ("true", "password")]
)
def test_secrets_that_are_ordinary_words_change_no_output(nest, word, mode):
    """
    The password, the token, the way in and the login of the mail server: all are the same word.
    """
    with_canaries = told(nest, mode)
    nest.parrot.word = word
    nest.settings["MAILSTATE_PASSWORD"] = word
    nest.settings["MAILSTATE_SMTP_URL"] = f"smtp://{word}:{word}@127.0.0.1:{nest.puppet.port}"
    with_words = told(nest, mode)

    assert with_canaries == with_words
    assert [] == found(with_canaries)
    assert word in with_words


@dataclass(frozen=True)
class Holder:
    """Something that holds a secret beside other things."""

    name: str
    password: Secret


@given(st.text(), st.text())
def test_what_a_secret_shows_does_not_depend_on_it(name, text):
    """
    Nor is anything else left out that happens to be the same.
    """
    shown = f"{Holder(name, Secret(text))} {Secret(text)} {[Secret(text)]!r}"

    assert f"Holder(name={name!r}, password=Secret(***)) *** [Secret(***)]" == shown
