"""What is remembered of files: the same answers, sooner."""

from collections import Counter
from hashlib import sha256

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from mailstate.statefiles import Cache, Verdict, read_sources, verdict
from mailstate.statefiles.documents import read_document
from mailstate.statefiles.files import Files
from mailstate.statefiles.full import full_reading
from mailstate.statefiles.gathered import from_text
from mailstate.statefiles.parcel import pack, unpack
from mailstate.statefiles.quick import judge
from mailstate.statefiles.reading import Counts
from mailstate.statefiles.sources import LEAST_BYTES, Sources
from mailstate.statefiles.whole import judged
from tests.statefiles.corpus import USERS
from tests.statefiles.messy import chances
from tests.statefiles.test_quick import told
from tests.statefiles.trees import sources

PADDING = ("pad.yaml", b"# " + b"x" * LEAST_BYTES + b"\nusers: []\n")
"""Makes a tree large enough to be remembered."""


def forged(files, home, text):
    """Let a cache in *home* say that the parcel of each of *files* is that of *text*."""
    facts = judge(read_document("", text))
    assert facts is not None
    with Cache(home) as cache:
        for _, data in files:
            cache.shelf("parcel").put(sha256(data).digest(), pack(facts))


USER = USERS.encode()
few = settings(max_examples=max(15, settings().max_examples // 4))
FILES = [("a.yaml", USER), PADDING]


def people(reading):
    """The handles that *reading* knows."""
    return [person.handle for person in reading.desired.people.values()]


def test_what_is_known_of_a_file_is_not_found_out_again(tmp_path):
    """
    A parcel is taken from the cache by the content of its file (here: one that was put there).
    """
    forged(FILES[:1], tmp_path / "c", USER.replace(b"alice", b"carol"))

    with Cache(tmp_path / "c") as cache:
        found = people(read_sources(FILES, cache=cache))

    assert ["bob", "carol"] == sorted(found)
    assert ["alice", "bob"] == sorted(people(read_sources(FILES)))


def test_what_is_known_of_all_files_is_not_gathered_again(tmp_path):
    """
    Whoever comes a third time with the same files has all that they declare from one row.
    """
    plain, readings = read_sources(FILES), []
    for _ in range(3):
        with Cache(tmp_path / "c") as cache:
            readings.append(read_sources(FILES, cache=cache))
    forged(FILES[:1], tmp_path / "c", USER.replace(b"alice", b"carol"))

    with Cache(tmp_path / "c") as cache:
        found = read_sources(FILES, cache=cache)

    assert [told(plain)] * 4 == [told(found), *map(told, readings)]


@given(chance=chances)
def test_the_facts_of_a_file_are_those_that_its_parcel_was_made_from(chance):
    """
    Also in kind: what was judged just now is taken for what a cache has.
    """
    for file, data in sources(chance):
        facts = judge(read_document(file, data))
        if facts is not None:
            assert facts == unpack(pack(facts))
            assert repr(facts) == repr(unpack(pack(facts)))


@given(chance=chances)
def test_a_gathered_state_is_that_which_its_text_was_made_from(chance):
    """
    To the last place, and with the same digests.
    """
    sound = judged(Sources(dict(sources(chance)), None))
    if sound is None:
        reject()
    gathered = sound.gathered()

    expected, found = gathered.state(), from_text(gathered.text()).state()

    assert expected == found
    assert repr(expected) == repr(found)
    assert digests(expected) == digests(found)


def digests(state):
    """The digests of what lives on each domain of *state*."""
    return [
        (domain.mailboxes.digest, domain.aliases.digest, domain.places.digest)
        for domain in state.domains.values()
    ]


def test_small_trees_are_read_anew(tmp_path):
    """
    To look them up would take longer.
    """
    forged(FILES[:1], tmp_path / "c", USER.replace(b"alice", b"carol"))

    with Cache(tmp_path / "c") as cache:
        found = people(read_sources(FILES[:1], cache=cache))

    assert ["alice", "bob"] == sorted(found)


class Counted(Files):
    """Files that count how often each is looked at."""

    def __init__(self, names):
        super().__init__(names)
        self.looks: Counter[str] = Counter()

    def __getitem__(self, shown):
        self.looks[shown] += 1
        return super().__getitem__(shown)


@pytest.mark.parametrize("kind", ["off", "new"])
def test_where_nothing_is_known_each_file_is_looked_at_once(tmp_path, kind):
    """
    It is judged as it is read, and what is found out is kept, if there is a place for it.
    """
    for name, data in FILES:
        (tmp_path / name).write_bytes(data)
    files = Counted({name: str(tmp_path / name) for name, _ in FILES})
    home = tmp_path / "c"

    with Cache(None if kind == "off" else home) as cache:
        assert judged(Sources(files, cache))
    assert [1, 1] == [*files.looks.values()]

    forged(FILES[:1], home, USER.replace(b"alice", b"carol"))
    with Cache(home) as cache:
        sound = judged(Sources(files, cache))
    assert sound is not None
    assert "carol" in [user.handle for facts in sound.files.values() for user in facts.users]
    assert {"a.yaml": 2, "pad.yaml": 2 if kind == "new" else 3} == files.looks


def test_a_small_tree_makes_no_cache(tmp_path):
    """
    Not even where there is none yet.
    """
    (tmp_path / "a.yaml").write_bytes(USER)
    with Cache(tmp_path / "c") as cache:
        verdict([tmp_path / "a.yaml"], cache=cache)

    assert not (tmp_path / "c").exists()


@pytest.mark.parametrize("name", ["a.yaml", "b.yaml"])
@pytest.mark.parametrize("text", [USERS, "users:\n  - {name: x}\n"], ids=["sound", "faulty"])
def test_a_verdict_is_known_by_names_and_contents(tmp_path, monkeypatch, name, text):
    """
    It is that of the same files; under another name, places are others.
    """
    monkeypatch.chdir(tmp_path)
    for file, data in (("a.yaml", text.encode()), PADDING):
        (tmp_path / "state" / file).parent.mkdir(exist_ok=True)
        (tmp_path / "state" / file).write_bytes(data)
    with Cache(tmp_path / "c") as cache:
        verdict([tmp_path / "state"], cache=cache)
        contents = {f"state/{path.name}": path.read_bytes() for path in tmp_path.glob("state/*")}
        lie = Verdict(counts=Counts(1, 2, 3, 4), problems=(), files=tuple(sorted(contents)))
        Sources(contents, cache).keep_verdict(lie)

    (tmp_path / "state" / "a.yaml").rename(tmp_path / "state" / name)
    with Cache(tmp_path / "c") as cache:
        found = verdict([tmp_path / "state"], cache=cache)

    expected = lie if name == "a.yaml" else verdict([tmp_path / "state"])
    assert expected == found


def edited(files, chance):
    """*files* after one change such as people make."""
    found = dict(files)
    name = chance.choice(list(found))
    match chance.randrange(5):
        case 0:
            found[f"new/{name}"] = found.pop(name)
        case 1:
            found = dict(sources(chance))
        case 2:
            found |= dict(chance.sample(sources(chance), 1))
        case 3:
            found[name] += b"\n# seen\n"
        case _:
            found[name] = chance.choice(list(found.values()))
    return list(found.items())


def damage(home, chance):
    """Write over some bytes of the cache in *home*."""
    path = home / "mailstate-rows.sqlite3"
    if path.exists():
        with path.open("r+b") as file:
            file.seek(chance.randrange(path.stat().st_size))
            file.write(chance.randbytes(chance.choice([1, 1, 9, 400])))


@few
@given(chance=chances, is_damaged=st.booleans())
def test_after_any_changes_the_answer_is_that_of_a_reading_without_a_cache(
    tmp_path_factory, chance, is_damaged
):
    """
    Files come, go, change their names and contents, and the cache is damaged: nobody notices.
    """
    home = tmp_path_factory.mktemp("cache")
    files = sources(chance)
    for _ in range(3):
        given_files = [*files, PADDING]
        expected = full_reading(given_files, ())
        for _ in range(3):
            with Cache(home) as cache:
                found = read_sources(given_files, cache=cache)
            assert told(expected) == told(found)
            assert expected.verdict == found.verdict
            with Cache(home) as cache:
                known = Sources(dict(given_files), cache).verdict()
            assert known in ([None, expected.verdict] if is_damaged else [expected.verdict])
            if is_damaged:
                damage(home, chance)
        files = edited(files, chance)


class Changing(dict[str, bytes]):
    """Contents that are others from the *count*th look on."""

    def __init__(self, files, later, count):
        super().__init__(files)
        self._later = dict(later)
        self._looks = iter(range(count))

    def __getitem__(self, file):
        return (
            super().__getitem__(file) if next(self._looks, None) is not None else self._later[file]
        )


@few
@given(chances, st.integers(0, 12))
def test_files_that_change_while_they_are_read_are_not_mixed_up_in_the_cache(
    tmp_path_factory, chance, count
):
    """
    What is remembered is true of the contents it is named by, whenever they changed.
    """
    home = tmp_path_factory.mktemp("cache")
    first = sources(chance)
    later = [(name, chance.choice(sources(chance))[1]) for name, _ in first]
    changing = Changing([*first, PADDING], [*later, PADDING], count)
    with Cache(home) as cache:
        remembered(Sources(changing, cache))

    for files in (first, later):
        with Cache(home) as cache:
            found = read_sources([*files, PADDING], cache=cache)
        assert told(full_reading([*files, PADDING], ())) == told(found)


def remembered(changing):
    """Read quickly, and remember the verdict, as `read` does."""
    found = judged(changing)
    if found is not None:
        changing.keep_verdict(found.verdict())


def test_files_that_become_faulty_ones_that_are_known_are_not_sound(tmp_path):
    """
    Of what a file holds now it is remembered that there is an error, though no file is at fault.
    """
    domain = b"domains:\n  - {name: a.example, owners: [alice]}\n"
    files, faulty = (
        [("a.yaml", USER + domain.replace(b"alice", owner)), PADDING]
        for owner in (b"alice", b"nobody")
    )
    with Cache(tmp_path / "c") as cache:
        assert read_sources(faulty, cache=cache).desired is None

    with Cache(tmp_path / "c") as cache:
        found = judged(Sources(Changing(files, faulty, len(files)), cache))

    assert found is None


def test_a_warning_is_not_told_of_contents_that_were_not_judged():
    """
    Where the file that it is about changes before it is told, everything is read again.
    """
    domains = (
        USERS
        + "domains:\n"
        + "".join(
            f"  - {{name: {name}.example, context: c, owners: [alice], mailboxes: ["
            f"{{local_part: info, first_name: {name}, last_name: x}}]}}\n"
            for name in "ab"
        )
    )
    same = [("a.yaml", domains.encode())]
    moved = [("a.yaml", b"# seen\n" + domains.encode())]

    assert judged(Sources(Changing(same, moved, 1), None)) is None
    told_once = judged(Sources(Changing(same, same, 1), None))
    assert told_once is not None
    assert ["local-part-in-context"] == [problem.rule for problem in told_once.problems]
