"""
The first hour and the how-tos, command by command, with the output that they show.

`UPDATE_GOLDEN=1 pytest tests/test_tutorial.py` writes the outputs anew; read what changed.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from base64 import b64encode
from itertools import pairwise
from pathlib import Path

import pytest

from mailstate.sandbox import Sandbox
from tests.pages import ROOT, Command, Edit, Event, Shell, as_shown, commands, rewritten, steps

TUTORIAL = ROOT / "docs/first-hour.md"
HOW_TO = sorted((ROOT / "docs/how-to").glob("*-*.md"))
START = Path(__file__).parent / "how_to"
"""What there is at the beginning of each how-to: files, and a dimail as they ask."""


@pytest.fixture(scope="module")
def dimail():
    """One dimail for all pages."""
    with Sandbox(seed=7, seed_file=START / "dimail.json") as sandbox:
        yield sandbox


def environment(folder, **more):
    """Give what a shell in *folder* knows of its surroundings."""
    return {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "GIT_CEILING_DIRECTORIES": str(folder.parent),
        **{f"GIT_{who}_NAME": "Alice Martin" for who in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{who}_EMAIL": "alice@commune.example" for who in ("AUTHOR", "COMMITTER")},
        **more,
    }


def as_admin(sandbox, method, path, body):
    """Ask dimail for something as its administrator does."""
    credentials = f"{sandbox.admin_username}:{sandbox.admin_password}".encode()
    request = urllib.request.Request(
        f"{sandbox.url}{path}",
        method=method,
        data=json.dumps(body).encode(),
        headers={
            "Authorization": f"Basic {b64encode(credentials).decode()}",
            "Content-Type": "application/json",
        },
    )
    with urllib.request.urlopen(request) as answer:
        answer.read()


def killed_at(key, sandbox, folder, known):
    """Have an apply killed once *key* is made, and before it hears so."""
    address = key.removeprefix("mailbox/")
    local, domain = address.split("@")
    path = f"/domains/{domain}/mailboxes/{local}"
    sandbox.add_fault(kind="slow_after", method="POST", path=path, delay=50)
    with subprocess.Popen(
        ["mailstate", "apply", "--yes", "--journal", "journal.jsonl"],
        cwd=folder,
        env=known,
        stdout=subprocess.DEVNULL,
    ) as apply:
        while address not in {effect.object for effect in sandbox.effects()}:
            assert apply.poll() is None
            time.sleep(0.02)
        apply.kill()


def happen(event, sandbox, folder, known):
    """Have happen what a page says that happens elsewhere."""
    match event.words:
        case ("publish-dns", domain):
            sandbox.publish_dns(domain)
        case ("fault", method, path, kind, times):
            sandbox.add_fault(kind=kind, method=method, path=path, times=int(times))
        case ("mend",):
            sandbox.clear_faults()
        case ("mailbox", address, given, surname):
            local, domain = address.split("@")
            sandbox.store.add_mailbox(domain, local, given_name=given, sur_name=surname)
        case ("half-made", address):
            local, domain = address.split("@")
            sandbox.store.add_mailbox(domain, local, half="ox")
        case ("alias", address, destination):
            local, domain = address.split("@")
            sandbox.store.add_alias(domain, local, destination)
        case ("password", name, password):
            as_admin(sandbox, "PATCH", f"/users/{name}", {"password": password})
        case ("refuse-letters",):
            sandbox.refuse_recipients("*")
        case ("accept-letters",):
            sandbox.accept_recipients()
        case ("killed-at", key):
            killed_at(key, sandbox, folder, known)
        case ("letters", to, number):
            assert int(number) == sum(to in letter.recipients for letter in sandbox.outbox())
        case _:
            pytest.fail(f"nobody knows how this happens: {event.words}")


def follow(page, folder, known, *, plain, sandbox=None):
    """Do what *page* says, and compare what is printed with what it shows."""
    text = page.read_text(encoding="utf-8")
    printed, codes = [], []
    with Shell(folder, known) as shell:
        for step in steps(text):
            match step:
                case Command(text=command):
                    output, code = shell(command)
                    printed.append(plain(output))
                    codes.append((command, code))
                case Edit(text=diff):
                    git = ["git", "apply", "-"]
                    subprocess.run(git, cwd=folder, env=known, input=diff, text=True, check=True)
                case Event():
                    happen(step, sandbox, folder, known)
    if os.environ.get("UPDATE_GOLDEN"):
        text = rewritten(text, printed)
        page.write_text(text, encoding="utf-8")
    shown = [(command.text, command.shown) for command in commands(text)]
    assert shown == [
        (command, as_shown(said, output))
        for (command, said), output in zip(shown, printed, strict=True)
    ]
    assert codes == [(command, 0) for command, _ in codes]


def test_the_first_hour_goes_as_it_is_written(tmp_path):
    """
    Import, review, first change, first merge: each command ends well and prints what is shown.
    """
    follow(
        TUTORIAL,
        tmp_path,
        environment(tmp_path),
        plain=lambda text: re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", text),
    )


@pytest.mark.timeout(180)  # a dozen commands, and pauses between tries
@pytest.mark.parametrize("page", HOW_TO, ids=lambda page: page.stem)
def test_a_how_to_goes_as_it_is_written(page, tmp_path, dimail):
    """
    With a dimail as it is between two changes, and its operator and owners at work meanwhile.
    """
    dimail.reset()
    folder = tmp_path / "our-mail"
    shutil.copytree(START, folder)
    known = environment(
        folder,
        MAILSTATE_URL=dimail.url,
        MAILSTATE_PASSWORD=dimail.password,
        MAILSTATE_SMTP_URL=dimail.smtp_url,
    )
    names = {
        dimail.url: "https://dimail.example",
        dimail.smtp_url.removeprefix("smtp://"): "mail.example:587",
    }

    def plain(text):
        for real, shown in names.items():
            text = text.replace(real, shown)
        return text

    follow(page, folder, known, plain=plain, sandbox=dimail)


def test_the_tutorial_is_in_order():
    """
    Nothing is planned before it is imported, nothing applied before it is planned.
    """
    words = [
        command.text.split()[1]
        for command in commands(TUTORIAL.read_text(encoding="utf-8"))
        if command.text.startswith("mailstate")
    ]
    first = [words.index(word) for word in ("sandbox", "import", "plan", "apply")]

    assert all(one < other for one, other in pairwise(first))
