"""`mailstate fmt`: the canonical form on disk."""

import stat

import pytest

MESSY = """\
domains:
- owners: [bob.durand, alice.martin]   # both
  name: "commune.example"
"""

NEAT = """\
domains:
  - name: commune.example
    owners: [alice.martin, bob.durand]  # both
"""


@pytest.fixture
def place(place):
    """A folder with one file that is not in canonical form."""
    place.write("state/commune.yaml", MESSY)
    return place


def test_the_state_files_are_formatted(place):
    """
    Those of the state directory where no path is given; a second run has nothing to do.
    """
    first, second = place.call("fmt"), place.call("fmt")

    assert "formatted state/commune.yaml\n2 files: 1 formatted, 0 problems\n" == first.out
    assert "2 files: 0 formatted, 0 problems\n" == second.out
    assert (0, 0) == (first.code, second.code)
    assert NEAT == place.read("state/commune.yaml")


def test_only_what_is_named_is_formatted(place):
    """
    A hook before a commit names the files that have changed; handles of others do not matter.
    """
    place.write("state/other.yaml", MESSY)

    ran = place.call("fmt", "state/other.yaml")

    assert 0 == ran.code
    assert [MESSY, NEAT] == [place.read(f"state/{name}.yaml") for name in ("commune", "other")]


def test_check_writes_nothing_and_exits_with_10(place):
    """
    It names the files that would change; with none, it exits with 0.
    """
    before = place.call("fmt", "--check")
    untouched = place.read("state/commune.yaml")
    place.call("fmt")
    after = place.call("fmt", "--check")

    assert "would change state/commune.yaml\n2 files: 1 would change, 0 problems\n" == before.out
    assert MESSY == untouched
    assert (10, 0) == (before.code, after.code)


def test_an_invalid_file_is_told_of_and_left_alone(place):
    """
    The others are formatted all the same.
    """
    bad = "users:\n- name: no\n"
    place.write("state/bad.yaml", bad)

    ran, checked = place.call("fmt"), place.call("fmt", "--check")

    assert (3, 3) == (ran.code, checked.code)
    assert "error: state/bad.yaml:2:9: `no` without quotes" in ran.out
    assert "3 files: 1 formatted, 2 problems\n" in ran.out
    assert [bad, NEAT] == [place.read(f"state/{name}.yaml") for name in ("bad", "commune")]


def test_a_path_that_is_not_there_is_a_problem(place):
    """
    As it is for `validate`.
    """
    ran = place.call("fmt", "nowhere")

    assert 3 == ran.code
    assert "nowhere:1:1" in ran.out


def test_a_form_that_says_something_else_is_never_written(place, monkeypatch):
    """
    A fault of ours is told, and the file is left as it is.
    """
    monkeypatch.setattr("mailstate.statefiles.quoting.other_meaning", lambda _: None)
    text = "domains: [{name: '1.5', owners: [ann]}]\n"
    place.write("state/commune.yaml", text)

    ran = place.call("fmt")

    assert 1 == ran.code
    assert "state/commune.yaml: the canonical form would mean something else" in ran.err
    assert text == place.read("state/commune.yaml")


def test_what_cannot_be_written_is_told(place):
    """
    With the file as it was.
    """
    folder = place.folder / "state"
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        ran = place.call("fmt")
    finally:
        folder.chmod(stat.S_IRWXU)

    told = "state/commune.yaml cannot be written"
    assert ran.code == 0 or told in ran.err  # root may write everywhere
