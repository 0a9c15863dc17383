"""Bad input of any kind gives an error with a remedy, never a traceback."""

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailstate.errors import ExitCode
from tests.cli.support import COMMUNE, Place

NASTY = [
    "",
    " ",
    "-",
    "--",
    "/dev/null/x",
    "\n",
    "\x1b[31m",
    "\u202e",
    "a\tb",
    "é" * 300,
    "%s{}$(true)`true`",
    "::error::x",
    "mailbox/\x07@commune.example",
    "alias/a@b/c/d@e",
    "user/" + "0" * 5000,
    "domain/" + "a." * 200,
    os.fsdecode(b"\xff\xfe"),
    "9" * 5000 + "h",
]
COMMANDS = [
    ["{}"],
    ["validate", "{}"],
    ["validate", "--format", "{}"],
    ["validate", "--state", "{}"],
    ["plan", "{}"],
    ["plan", "--url", "{}"],
    ["plan", "--url", "https://{}"],
    ["plan", "--state", "{}"],
    ["plan", "--concurrency", "{}"],
    ["apply", "--yes", "{}"],
    ["apply", "--yes", "--wait", "{}"],
    ["apply", "--yes", "--report", "{}/{}"],
    ["apply", "--yes", "--journal", "{}/{}"],
    ["explain", "{}"],
    ["schema", "{}"],
    ["sandbox", "{}"],
    ["sandbox", "publish-dns", "{}"],
    ["sandbox", "start", "--seed", "{}/nowhere"],
    ["sandbox", "start", "--profile", "{}"],
]


def harmless(ran):
    """Say whether a command ended in a known way, and showed nothing that a terminal acts on."""
    text = ran.out + ran.err
    return (
        ran.code in list(ExitCode)
        and "Traceback" not in text
        and not any(mark in text for mark in ("\x1b", "\x07", "\u202e", "\udcff"))
        and not any(line.startswith("::") for line in text.splitlines())
    )


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_command_stumbles_over_its_arguments(place, command):
    """
    Whatever is given for them, the command ends with a code of its own.
    """
    # Nothing is to be looked for in the network of whoever runs the tests.
    place.settings["MAILSTATE_USERNAME"] = ""
    for word in NASTY:
        ran = place.call(*(argument.replace("{}", word) for argument in command))

        assert harmless(ran), (command, word, ran)


@pytest.mark.parametrize(
    "name",
    [
        "MAILSTATE_URL",
        "MAILSTATE_USERNAME",
        "MAILSTATE_PASSWORD",
        "MAILSTATE_PASSWORD_FILE",
        "MAILSTATE_CA_FILE",
    ],
)
def test_no_variable_makes_it_stumble(place, name):
    """
    Each is read as it comes.
    """
    if name == "MAILSTATE_PASSWORD_FILE":
        place.settings["MAILSTATE_PASSWORD"] = ""
    for word in NASTY:
        ran = place.call("plan", env={name: word})

        assert harmless(ran), (name, word, ran)


@pytest.mark.parametrize(
    "text",
    ['""', '"\\u001b[31m\\u202e"', "-1", "9" * 40, "[]", "{}", "1979-05-27", "nan", "true"],
)
@pytest.mark.parametrize(
    "line",
    ["url", "username", "service_account", "state", "ca_file", "concurrency", "assume_enabled"],
)
def test_no_setting_makes_it_stumble(place, line, text):
    """
    mailstate.toml comes through pull requests too.
    """
    place.settings["MAILSTATE_URL"] = "http://127.0.0.1:99999"
    place.write("mailstate.toml", f"{line} = {text}\n")

    assert harmless(place.call("plan"))
    assert harmless(place.call("validate"))


def test_the_real_command_takes_bytes_that_are_no_text(place):
    """
    Linux gives file names as bytes.
    """
    for arguments in (["validate", b"\xff"], ["plan", "--out", b"no\xff/x"], [b"\xff"]):
        ran = place.run(*arguments)

        assert harmless(ran)
        assert ran.code in {ExitCode.USAGE, ExitCode.INVALID}


@pytest.mark.parametrize(
    "name", ["mailstate.toml", "plan.json", "state/commune.yaml", "state/users.yaml"]
)
@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    content=st.binary(max_size=60) | st.text(max_size=60).map(str.encode),
    at=st.integers(min_value=0, max_value=len(COMMUNE)),
)
def test_no_bytes_in_a_file_make_it_stumble(tmp_path_factory, dimail, name, content, at):
    """
    Alone, and in the middle of what was sound.
    """
    place = Place(tmp_path_factory.mktemp("nasty"), dimail)
    before = place.folder / name
    sound = before.read_bytes() if before.exists() else b""
    place.write(name, sound[:at] + content + sound[at:])
    arguments = ["apply", "--yes", name] if name == "plan.json" else ["plan"]
    ran = place.call(*arguments)

    assert harmless(ran), ran


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[[]]", b"[null]", b"[" * 100_000, b"\xff", b'[{"name":"\\ud800"}]', b"1e999"],
    ids=lambda body: repr(body[:12]),
)
@pytest.mark.parametrize("path", ["/users/", "/domains/", "/allows/", "/token/", "**/mailboxes/"])
def test_no_answer_makes_it_stumble(settled, path, body):
    """
    Nonsense from a server ends the run, and never passes for an empty list.
    """
    text = body.decode("latin-1")
    settled.sandbox.add_fault(kind="answer", path=path, body=text, times=None)
    ran = settled.call("plan")

    assert harmless(ran)
    assert ExitCode.REMOTE == ran.code


@pytest.mark.parametrize(
    ("arguments", "spared"),
    [
        (["--journal", "run.json", "--report", "./run.json"], "run.json"),
        (["--journal", "run.json", "--report", "link.json"], "run.json"),
        (["plan.json", "--report", "plan.json"], "plan.json"),
    ],
    ids=["its journal", "a link to its journal", "its plan"],
)
def test_a_report_takes_the_place_of_nothing_that_apply_needs(place, arguments, spared):
    """
    Whoever mistook one for the other would lose the letters that a journal owes.
    """
    place.call("plan", "--out", "plan.json")
    place.write("run.json", "")
    (place.folder / "link.json").symlink_to("run.json")
    before = place.read(spared)
    ran = place.call("apply", "--yes", *arguments)

    assert ExitCode.USAGE == ran.code
    assert f"error: the report would take the place of {spared}\n" in ran.err
    assert before == place.read(spared)
    assert [] == place.sandbox.effects()
