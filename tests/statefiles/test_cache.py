"""The cache: it gives back what was put there under the same name, or nothing."""

import importlib
import os
import py_compile
import resource
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstate.statefiles.cache import Cache, cache_directory
from tests.uncounted import uncounted

FILE = "mailstate-rows.sqlite3"
VALUES = {b"a": b"1", b"b": b"", b"c" * 40: b"\0\n" * 3000}
MUCH = {b"%d" % number: bytes([number]) * 700_000 for number in range(4)}


def known(directory, names=tuple(VALUES)):
    """What a cache in *directory* knows under *names*."""
    with Cache(directory) as cache:
        return {name: cache.get(name) for name in names}


def fill(directory, values=VALUES):
    """Put *values* into a cache in *directory*."""
    with Cache(directory) as cache:
        for name, value in values.items():
            cache.put(name, value)


NOTHING = dict.fromkeys(VALUES)


@pytest.fixture
def home(tmp_path):
    """Where a cache may be."""
    return tmp_path / "caches" / "mailstate"


def test_what_was_put_is_known_to_later_runs(home):
    """
    Directory and file are made, for this user alone.
    """
    assert NOTHING == known(home)

    fill(home)

    assert VALUES == known(home)
    assert 0o700 == home.stat().st_mode & 0o777
    assert 0o600 == (home / FILE).stat().st_mode & 0o777


def test_what_is_put_again_counts(home):
    """
    The last value under a name is given.
    """
    fill(home)
    fill(home, {b"a": b"2"})

    assert VALUES | {b"a": b"2"} == known(home)


def test_much_is_written_on_the_way(home):
    """
    What is put need not be held until the end.
    """
    with Cache(home) as cache:
        for name, value in MUCH.items():
            cache.put(name, value)
        assert MUCH[b"0"] == known(home, MUCH)[b"0"]

    assert MUCH == known(home, MUCH)


def test_kinds_of_rows_do_not_meet(home):
    """
    The same name means another thing on another shelf.
    """
    with Cache(home) as cache:
        cache.shelf("one").put(b"a", b"1")
        cache.shelf("other").put(b"a", b"2")
    with Cache(home) as cache:
        found = [cache.shelf(kind).get(b"a") for kind in ("one", "other", "third")]

    assert [b"1", b"2", None] == found


def test_nothing_is_opened_before_it_is_asked(home):
    """
    Whoever needs no cache leaves no trace of one.
    """
    with Cache(home) as cache:
        cache.shelf("one")

    assert not home.parent.exists()


def test_another_tool_knows_nothing(home, tmp_path):
    """
    The same rows, asked by a program of which one comment differs: nothing is taken over.

    Of one without its sources nobody knows which it is: it has no cache.
    """
    copy, library = tmp_path / "mailstate", tmp_path / "yaml"
    compiled, record = tmp_path / "jsonschema_rs", tmp_path / "jsonschema_rs-1.dist-info" / "RECORD"
    for file in (compiled / "__init__.py", record):
        file.parent.mkdir()
        file.write_text("")
    for name, place in (("mailstate", copy), ("yaml", library)):
        source = Path(importlib.import_module(name).__file__ or "").parent
        subprocess.run(["cp", "-rL", source, place], check=True)
    ask = (
        "import sys; from pathlib import Path\n"
        "from mailstate.statefiles.cache import Cache\n"
        "with Cache(Path(sys.argv[1])) as cache:\n"
        "    print(cache.get(b'a')); cache.put(b'a', b'1')\n"
    )

    def told():
        run = subprocess.run(
            [sys.executable, "-c", ask, home],
            cwd=tmp_path,
            # The copy is another program: whether its lines are run says nothing of ours.
            env=uncounted(os.environ),
            check=True,
            capture_output=True,
            text=True,
        )
        return run.stdout.strip()

    assert ["None", "b'1'"] == [told(), told()]
    with (copy / "model" / "state.py").open("a") as file:
        file.write("# one more line\n")
    assert ["None", "b'1'"] == [told(), told()]
    with (copy / "schema" / "state.schema.json").open("a") as file:
        file.write("\n")
    assert ["None", "b'1'"] == [told(), told()]
    for path in (library / "error.py", *library.glob("_yaml.*")):
        with path.open("ab") as file:
            file.write(b"\n")
        assert ["None", "b'1'"] == [told(), told()]
    for path in library.glob("_yaml.*"):  # as where libyaml is a file of its own
        path.write_bytes(path.read_bytes().replace(b"expected <document start>", b"x" * 25))
        assert ["None", "b'1'"] == [told(), told()]
    record.write_text("another one\n")
    assert ["None", "b'1'"] == [told(), told()]
    py_compile.compile(str(copy / "__init__.py"), cfile=str(copy / "__init__.pyc"))
    (copy / "__init__.py").unlink()
    assert ["None", "None"] == [told(), told()]


@given(st.data())
def test_damage_to_any_byte_gives_what_was_put_or_nothing(tmp_path_factory, data):
    """
    Flipped, cut or overwritten: the file is read on, or given up, or made anew.
    """
    home = tmp_path_factory.mktemp("damaged")
    fill(home)
    content = bytearray((home / FILE).read_bytes())
    start = data.draw(st.integers(0, len(content) - 1))
    patch = data.draw(st.binary(min_size=1, max_size=9) | st.just(bytes(600)))
    content[start : start + len(patch)] = patch
    end = data.draw(st.sampled_from([None, None, start]))
    (home / FILE).write_bytes(content[:end])

    for _ in range(2):
        found = known(home)
        assert all(value in (None, VALUES[name]) for name, value in found.items())
        fill(home)
        found = known(home)
        assert all(value in (None, VALUES[name]) for name, value in found.items())


@pytest.mark.parametrize(
    "content",
    [b"no database", b"", bytes(9000), b"SQLite format 3\0" + b"\xff" * 5000],
    ids=["text", "empty", "zeros", "header"],
)
def test_a_file_of_another_kind_is_made_anew(home, content):
    """
    What is there is of no use to anybody.
    """
    home.mkdir(mode=0o700, parents=True)
    (home / FILE).write_bytes(content)
    (home / FILE).chmod(0o600)

    assert NOTHING == known(home)
    fill(home)
    assert VALUES == known(home)


def test_a_database_of_another_form_is_made_anew(home):
    """
    A table of the same name with other columns.
    """
    home.mkdir(mode=0o700, parents=True)
    database = sqlite3.connect(home / FILE)
    database.execute("CREATE TABLE row (other TEXT)")
    database.close()
    (home / FILE).chmod(0o600)

    assert NOTHING == known(home)
    fill(home)
    assert VALUES == known(home)


def test_a_database_whose_errors_cannot_be_read_is_made_anew(home):
    """
    SQLite quotes what is damaged, and that may be no text.
    """
    fill(home)
    path = home / FILE
    path.write_bytes(path.read_bytes().replace(b"CREATE TABLE row", b"CREATE TABL\xbc row"))

    assert NOTHING == known(home)
    fill(home)
    assert VALUES == known(home)


def test_a_row_that_was_moved_is_not_taken(home):
    """
    A sound value under another key is no answer.
    """
    fill(home)
    database = sqlite3.connect(home / FILE)
    rows = database.execute("SELECT number, seal, value FROM row").fetchall()
    for (number, *_), (_, *moved) in zip(rows, [*rows[1:], *rows[:1]], strict=True):
        database.execute("UPDATE row SET seal = ?, value = ? WHERE number = ?", (*moved, number))
    database.commit()
    database.close()

    assert NOTHING == known(home)


def test_while_another_process_writes_nothing_is_known(home):
    """
    Nobody waits for a lock, and nothing is lost but time.
    """
    fill(home)
    database = sqlite3.connect(home / FILE, isolation_level=None)
    database.execute("BEGIN EXCLUSIVE")

    assert NOTHING == known(home)
    fill(home, {b"a": b"2"})

    database.execute("ROLLBACK")
    database.close()
    assert VALUES == known(home)


def test_two_caches_can_be_open_at_once(home):
    """
    Runs side by side see what the other has written, once it is written.
    """
    with Cache(home) as one, Cache(home) as other:
        one.get(b"a")
        other.get(b"a")
        one.put(b"a", b"1")
        other.put(b"b", b"2")

    assert {b"a": b"1", b"b": b"2"} == known(home, (b"a", b"b"))


def test_a_write_that_is_killed_leaves_the_rows_of_before(home):
    """
    SIGKILL between the first and the last row.
    """
    fill(home)
    write = (
        "import os, signal, sys; from pathlib import Path\n"
        "from mailstate.statefiles import cache\n"
        "def values(values=iter(range(9))):\n"
        "    for value in values:\n"
        "        if value == 5: os.kill(os.getpid(), signal.SIGKILL)\n"
        "        yield b'%d' % value * 5000, b'x' * 1000000\n"
        "cache._keep(cache._opened(Path(sys.argv[1])), values(), 9999)\n"
    )

    run = subprocess.run([sys.executable, "-c", write, home], check=False)

    assert -signal.SIGKILL == run.returncode
    assert VALUES == known(home)


def test_a_full_disk_keeps_the_rows_of_before(home):
    """
    The file cannot grow (here: by a limit of the process).
    """
    fill(home)
    size = (home / FILE).stat().st_size
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        fill(home, {b"d": b"x" * 100_000})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)

    assert VALUES | {b"d": None} == known(home, (*VALUES, b"d"))


def test_the_older_half_goes_before_there_is_too_much(home):
    """
    The file never grows beyond its limit, and the last rows are in it.
    """
    limit = 1024 * 1024
    for number in range(40):
        with Cache(home, limit=limit) as cache:
            cache.put(b"%d" % number, bytes(100_000))

    assert (home / FILE).stat().st_size <= limit
    found = known(home, [b"%d" % number for number in range(40)])
    assert [None, bytes(100_000)] == [found[b"0"], found[b"39"]]
    assert sum(value is not None for value in found.values()) > 3


def _link(home):
    elsewhere = home.parent / "elsewhere"
    fill(elsewhere)
    home.symlink_to(elsewhere)


def _link_to_file(home):
    elsewhere = home.parent / "elsewhere"
    fill(elsewhere)
    home.mkdir()
    (home / FILE).symlink_to(elsewhere / FILE)


def _open_to_a_group(home):
    fill(home)
    home.chmod(0o770)


def _open_to_all(home):
    fill(home)
    home.chmod(0o707)


def _file_open_to_all(home):
    fill(home)
    (home / FILE).chmod(0o666)


def _file_open_to_read(home):
    fill(home)
    (home / FILE).chmod(0o644)


def _somebody_elses(home):
    fill(home)
    os.chown(home, 12345, -1)


def _a_file_of_somebody_else(home):
    fill(home)
    os.chown(home / FILE, 12345, -1)


def _a_file_in_its_place(home):
    home.write_text("")


def _a_folder_as_file(home):
    (home / FILE).mkdir(parents=True)


IN_THE_WAY = [
    _link,
    _link_to_file,
    _open_to_a_group,
    _open_to_all,
    _file_open_to_all,
    _file_open_to_read,
    _somebody_elses,
    _a_file_of_somebody_else,
    _a_file_in_its_place,
    _a_folder_as_file,
]
NEEDS_ROOT = (_somebody_elses, _a_file_of_somebody_else)


@pytest.mark.parametrize("prepare", IN_THE_WAY, ids=lambda prepare: prepare.__name__)
def test_what_others_could_have_written_is_not_read(home, prepare):
    """
    A link, somebody else's, or open to others: not read, not written, not changed.
    """
    if prepare in NEEDS_ROOT and os.geteuid() != 0:
        pytest.skip("only root can give files away")
    home.parent.mkdir()
    prepare(home)
    before = _all_in(home.parent)

    assert NOTHING == known(home)
    fill(home, {b"a": b"2"})

    assert before == _all_in(home.parent)


def _all_in(folder):
    # All but the time of the last look, which a look changes.
    found = {path: path.lstat() for path in folder.rglob("*")}
    return {
        path: (seen.st_ino, seen.st_mode, seen.st_uid, seen.st_size, seen.st_mtime_ns)
        for path, seen in found.items()
    }


def test_a_home_that_cannot_be_written_to_means_no_cache():
    """
    Where no directory can be made, nothing is known and nobody hears of it.
    """
    home = Path("/proc/self/mailstate")

    fill(home)

    assert NOTHING == known(home)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"MAILSTATE_CACHE": "off", "HOME": "/h"}, None),
        ({"MAILSTATE_CACHE": "/x/y", "HOME": "/h"}, "/x/y"),
        ({"MAILSTATE_CACHE": "", "XDG_CACHE_HOME": "/c", "HOME": "/h"}, "/c/mailstate"),
        ({"XDG_CACHE_HOME": "c", "HOME": "/h"}, "/h/.cache/mailstate"),
        ({"HOME": "/h"}, "/h/.cache/mailstate"),
        ({"HOME": ""}, None),
        ({}, None),
    ],
)
def test_where_the_cache_is(environment, expected):
    """
    Where it is asked for, else among the user's caches; without a home, nowhere.
    """
    assert (expected and Path(expected)) == cache_directory(environment)


def test_a_python_without_sqlite_has_no_cache(home, monkeypatch):
    """
    Some are built without it.
    """
    monkeypatch.setitem(sys.modules, "sqlite3", None)

    fill(home)

    assert NOTHING == known(home)
    assert not home.exists()


def test_without_a_directory_nothing_is_known():
    """
    A cache that is off takes everything and gives nothing.
    """
    fill(None)

    assert NOTHING == known(None)
    assert not Cache(None).is_there


def test_a_cache_that_something_is_wrong_with_is_not_there(home):
    """
    That is known once it has been asked: nobody need put anything into it any more.
    """
    home.parent.mkdir(exist_ok=True)
    home.write_text("no directory")

    with Cache(home) as cache:
        before, _ = cache.is_there, cache.get(b"a")
        assert [True, False] == [before, cache.is_there]
