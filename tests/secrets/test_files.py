"""Files: whoever may not read what they hold cannot, and nothing is written where others lead."""

import os
import stat
from pathlib import Path

import pytest

from mailstate.cli.files import write_file
from tests.secrets.canaries import ADMIN, found, written

NOBODY = 65534


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(autouse=True)
def open_umask():
    """Somebody whose files everybody may read and write."""
    before = os.umask(0)
    yield
    os.umask(before)


def test_a_journal_is_for_our_eyes_only(nest):
    """
    It tells who has been given a mailbox.
    """
    assert nest.call("apply", "--yes", "--journal", "journal.jsonl").code == 0

    assert 0o600 == mode(nest.folder / "journal.jsonl")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make links of somebody else's")
@pytest.mark.parametrize(
    "command",
    [
        ("plan", "--out"),
        ("snapshot", "--out"),
        ("apply", "--yes", "--report"),
    ],
    ids=" ".join,
)
def test_a_link_that_somebody_else_has_put_into_tmp_is_not_followed(nest, command):
    """
    It would have us overwrite a file of ours; our own links are followed, there too.
    """
    tmp = nest.folder / "tmp"
    tmp.mkdir()
    tmp.chmod(0o1777)
    precious = nest.write("precious", "as it was")
    os.chown(tmp, 1, 1)
    for name, owner in (("planted", NOBODY), ("own", os.geteuid())):
        (tmp / name).symlink_to(precious)
        os.chown(tmp / name, owner, owner, follow_symlinks=False)

    ran = nest.call(*command, "tmp/planted")

    assert 3 == ran.code
    assert "tmp/planted cannot be written: it is a link of somebody else's" in ran.err
    assert "as it was" == precious.read_text()
    assert 0 == nest.call(*command, "tmp/own").code
    assert "as it was" != precious.read_text()


@pytest.mark.parametrize("command", [("plan", "--out"), ("snapshot", "--out")], ids=" ".join)
def test_no_temporary_file_is_left_behind(nest, command):
    """
    Neither after success nor where the file cannot be put in its place.
    """
    (nest.folder / "out" / "taken").mkdir(parents=True)
    good, bad = nest.call(*command, "out/file"), nest.call(*command, "out/taken")

    assert (0, 3) == (good.code, bad.code)
    assert {"file", "taken"} == {path.name for path in (nest.folder / "out").iterdir()}


def test_no_temporary_file_is_left_behind_by_a_bug(tmp_path):
    """
    Nor by Ctrl-C: whatever ends the writing.
    """
    with pytest.raises(UnicodeEncodeError):
        write_file(tmp_path / "file", "\udcff")

    assert [] == [*tmp_path.iterdir()]


def test_the_sandbox_keeps_its_passwords_and_letters_to_itself(nest):
    """
    In a directory that others may enter, and in its own process: ours are not passed on to it.
    """
    (nest.folder / ".mailstate" / "sandbox").mkdir(parents=True)
    home = nest.folder / ".mailstate" / "sandbox"
    try:
        started = nest.run("sandbox", "start", env={"HTTPS_PROXY": f"http://u:{ADMIN.word}@h"})
        applied = nest.run("apply", "--sandbox", "--yes", "-v", "--report", "report.json")
        nest.run("sandbox", "publish-dns", "commune.example")
        again = nest.run("apply", "--sandbox", "--yes")
        listed = nest.run("sandbox", "outbox")
        place = nest.read(".mailstate/sandbox/sandbox.json")
        process = int(place.partition('"pid": ')[2].partition(",")[0])
        password = place.partition('"password": "')[2].partition('"')[0]
        inherited, called = (
            Path(f"/proc/{process}/{name}").read_bytes() for name in ("environ", "cmdline")
        )
        secret_files = {"sandbox.json", "sandbox.sqlite", "sandbox.sqlite-wal", "sandbox.lock"}
        modes = {path.name: mode(path) for path in home.iterdir() if path.name in secret_files}
    finally:
        stopped = nest.run("sandbox", "stop")

    runs = (started, applied, again, listed, stopped)
    assert [0] * 5 == [ran.code for ran in runs]
    assert b"PATH=" in inherited
    assert [] == found(inherited) + found(called)
    assert b"MAILSTATE_" not in inherited
    assert {0o600} == set(modes.values())
    assert {"sandbox.json", "sandbox.sqlite"} <= modes.keys()
    said = "".join(ran.out + ran.err for ran in runs)
    assert len(password) > 20
    assert password not in said
    assert password.encode() not in written(
        nest.folder, besides=[f".mailstate/sandbox/{name}" for name in secret_files]
    )
    assert [] == nest.leaks(*runs)
    # Letters of a trial do not go to the mail server of the environment.
    assert "ada@perso.example" in listed.out
    assert [] == nest.puppet.commands
