"""Finding and opening files: all that are meant, and nothing that could do harm."""

import contextlib
import os
import socket
from pathlib import Path

import pytest

from mailstate.statefiles import files, read
from mailstate.statefiles.text import MAX_BYTES
from tests.statefiles.corpus import USERS, rules

DOMAIN = "domains:\n  - {name: a.example, owners: [alice]}\n"


@pytest.fixture
def state(tmp_path, monkeypatch):
    """An empty directory `state` in the working directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "state").mkdir()
    return Path("state")


def told(reading):
    """File and rule of each problem."""
    return [(problem.place.file, problem.rule) for problem in reading.problems]


def test_every_yaml_file_below_a_directory_is_read(state):
    """
    `.yaml` and `.yml`, in folders of folders, also in a folder called `x.yaml`.
    """
    (state / "b" / "x.yaml").mkdir(parents=True)
    (state / "users.yml").write_text(USERS)
    (state / "b" / "x.yaml" / "a.yaml").write_text(DOMAIN)
    (state / "README.md").write_text("# not mine")

    reading = read([state])

    assert () == reading.problems
    assert ("state/b/x.yaml/a.yaml", "state/users.yml") == reading.files


def test_names_that_begin_with_a_dot_are_passed_over(state):
    """
    Files and folders of editors and tools are not state.
    """
    (state / ".cache").mkdir()
    (state / ".cache" / "a.yaml").write_text("broken: [")
    (state / ".a.yaml").write_text("broken: [")
    (state / ".link.yaml").symlink_to("/nowhere")
    (state / "users.yaml").write_text(USERS)

    assert ("state/users.yaml",) == read([state]).files


def test_a_file_that_is_named_is_taken_whatever_it_is_called(state):
    """
    Files are taken as they are, directories are walked.
    """
    (state / ".odd.txt").write_text(USERS)

    reading = read([state / ".odd.txt"])

    assert ("state/.odd.txt",) == reading.files
    assert reading.desired is not None


def test_a_file_that_is_named_twice_is_read_once(state):
    """
    A directory and a file in it do not declare anything twice.
    """
    (state / "users.yaml").write_text(USERS)

    reading = read([state, state / "users.yaml", Path.cwd() / "state", state / ".." / "state"])

    assert () == reading.problems
    assert ("state/users.yaml",) == reading.files


def test_a_file_outside_the_working_directory_is_shown_in_full(tmp_path, monkeypatch):
    """
    Relative below the working directory, absolute elsewhere.
    """
    (tmp_path / "here").mkdir()
    (tmp_path / "users.yaml").write_text(USERS)
    monkeypatch.chdir(tmp_path / "here")

    assert (str(tmp_path / "users.yaml"),) == read([Path("../users.yaml")]).files


def test_a_path_that_is_not_there_is_a_problem(state):
    """
    A missing directory never means "nothing wanted".
    """
    reading = read([Path("elsewhere")])

    assert [("elsewhere", "file/missing")] == told(reading)
    assert reading.desired is None


def test_a_path_below_a_file_is_a_problem(state):
    """
    A file where a directory was meant is told too.
    """
    (state / "users.yaml").write_text(USERS)

    assert ["file/missing"] == rules(read([state / "users.yaml" / "a.yaml"]))


def test_a_directory_without_state_files_is_a_problem(state):
    """
    An empty directory never means "nothing wanted".
    """
    (state / "deeper").mkdir()
    (state / "README.md").write_text("# not mine")

    assert [("state", "file/nothing-found")] == told(read([state]))


@pytest.mark.parametrize("name", ["link.yaml", "link", "link.txt"])
def test_a_symbolic_link_is_told_and_not_followed(state, tmp_path, name):
    """
    A link could lead a stranger's pull request to any file of the runner.
    """
    secret = tmp_path / "secret.yaml"
    secret.write_text("password: [")
    (state / name).symlink_to(secret)
    (state / "users.yaml").write_text(USERS)

    reading = read([state])

    assert [(f"state/{name}", "file/symbolic-link")] == told(reading)
    assert ("state/users.yaml",) == reading.files


def test_a_linked_folder_is_told_and_not_walked(state, tmp_path):
    """
    A link to a folder could lead back to itself.
    """
    (state / "loop").symlink_to(state.resolve())
    (state / "users.yaml").write_text(USERS)

    assert [("state/loop", "file/symbolic-link")] == told(read([state]))


def test_a_state_directory_that_is_a_link_is_told(state):
    """
    Also the directory itself may have been put there by a pull request.
    """
    (state / "users.yaml").write_text(USERS)
    Path("link").symlink_to(state)

    assert [("link", "file/symbolic-link")] == told(read([Path("link")]))


def test_pipes_and_sockets_are_told_and_not_opened(state):
    """
    Opening a pipe would wait for ever.
    """
    os.mkfifo(state / "pipe.yaml")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(state / "socket.yaml"))

    assert [
        ("state/pipe.yaml", "file/not-regular"),
        ("state/socket.yaml", "file/not-regular"),
    ] == told(read([state]))


@pytest.mark.parametrize(
    ("replace", "rule"),
    [
        (lambda path: path.symlink_to("/etc/hostname"), "file/symbolic-link"),
        (os.mkfifo, "file/not-regular"),
        (Path.mkdir, "file/not-regular"),
        (Path.exists, "file/missing"),
    ],
    ids=["link", "pipe", "folder", "nothing"],
)
def test_what_takes_the_place_of_a_file_after_the_listing_is_not_read(
    state, monkeypatch, replace, rule
):
    """
    Between listing and opening, a file may be swapped for something else.
    """
    path = state / "users.yaml"
    path.write_text(USERS)
    open_file = os.open
    swaps = iter([replace])

    def swap_and_open(name, flags):
        for swap in swaps:
            path.unlink()
            swap(path)
        return open_file(name, flags)

    monkeypatch.setattr(os, "open", swap_and_open)

    assert [("state/users.yaml", rule)] == told(read([state]))


def test_a_socket_that_takes_the_place_of_a_file_is_not_read(state, monkeypatch):
    """
    Opening a socket fails by itself, and is told as what it is.
    """
    path = state / "users.yaml"
    path.write_text(USERS)
    open_file = os.open

    def swap_and_open(name, flags):
        path.unlink()
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))
        return open_file(name, flags)

    monkeypatch.setattr(os, "open", swap_and_open)

    assert [("state/users.yaml", "file/not-regular")] == told(read([state]))


def test_a_file_that_cannot_be_opened_is_a_problem(state, monkeypatch):
    """
    What an unreadable file declares is unknown.
    """
    (state / "users.yaml").write_text(USERS)

    def refuse(name, flags):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)

    assert [("state/users.yaml", "file/unreadable")] == told(read([state]))


def test_a_file_that_fails_while_it_is_read_is_a_problem(state, monkeypatch):
    """
    A disk error is told as well.
    """
    (state / "users.yaml").write_text(USERS)

    def fail(descriptor, size):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "read", fail)

    assert [("state/users.yaml", "file/unreadable")] == told(read([state]))


def test_a_file_that_is_gone_before_it_is_looked_at_is_a_problem(state, monkeypatch):
    """
    A file that is removed while the folder is read is told as missing.
    """
    (state / "users.yaml").write_text(USERS)
    scandir = os.scandir

    def list_and_remove(name):
        listing = scandir(name)
        entries = list(listing)
        (state / "users.yaml").unlink()
        return contextlib.nullcontext(entries)

    monkeypatch.setattr(os, "scandir", list_and_remove)

    assert [("state/users.yaml", "file/missing")] == told(read([state]))


def test_a_folder_that_cannot_be_listed_is_a_problem(state, monkeypatch):
    """
    What an unreadable folder holds is unknown.
    """
    (state / "closed").mkdir()
    (state / "users.yaml").write_text(USERS)
    scandir = os.scandir

    def refuse(name):
        if name.endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return scandir(name)

    monkeypatch.setattr(os, "scandir", refuse)

    assert [("state/closed", "file/unreadable")] == told(read([state]))


def test_a_file_that_has_more_than_it_says_is_read_to_its_end():
    """
    It may grow while it is read; this one says that it is empty.
    """
    path = Path("/proc/version")

    assert ([("/proc/version", path.read_bytes())], []) == files.read_files([path])


def test_a_file_that_is_too_large_is_told(state):
    """
    No more than the limit is ever read.
    """
    with (state / "users.yaml").open("wb") as stream:
        stream.truncate(MAX_BYTES * 4)

    assert [("state/users.yaml", "file/too-large")] == told(read([state]))


def test_a_name_that_is_not_utf_8_can_be_shown(state):
    """
    No file name can make the report fail.
    """
    (state / os.fsdecode(b"caf\xe9.yaml")).write_text("[")

    reading = read([state])

    assert ("state/caf\\xe9.yaml",) == reading.files
    assert reading.problems[0].place.file.encode()


def test_no_file_is_lost_for_a_name_that_another_one_is_shown_under(state):
    """
    One name is not UTF-8; the other one is how it is spelt out.
    """
    (state / "users.yaml").write_text(USERS)
    (state / os.fsdecode(b"\xff.yaml")).write_text(DOMAIN)
    (state / r"\xff.yaml").write_text(DOMAIN.replace("a.example", "b.example"))

    reading = read([state])

    assert [(r"state/\xff.yaml", "file/unreadable")] == told(reading)


def test_a_missing_file_hides_what_it_may_declare(state):
    """
    While a file cannot be read, nobody is told that the users in it are unknown.
    """
    (state / "a.yaml").write_text(DOMAIN)
    (state / "users.yaml").symlink_to("/nowhere")

    assert ["file/symbolic-link"] == rules(read([state]))
    assert ".yaml" in files.SUFFIXES
