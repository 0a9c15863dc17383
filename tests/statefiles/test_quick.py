"""The quick reading and the full one: two ways to the same answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstate.statefiles import read_sources
from mailstate.statefiles.full import full_reading
from mailstate.statefiles.marks import MAX_PROBLEMS
from mailstate.statefiles.sources import Sources
from mailstate.statefiles.whole import judged
from tests.fuzz.mutate import mutated, seeds
from tests.statefiles.corpus import BAD, GOOD, RULES, USERS
from tests.statefiles.messy import Pen, chances, document
from tests.statefiles.trees import sources

CORPUS = seeds()
FOLDERS = [folder / kind for folder in RULES for kind in ("good", "bad")]


def told(reading):
    """All that *reading* says, in the order in which it says it."""
    desired = reading.desired
    return (
        reading.problems,
        reading.files,
        desired
        and (
            list(desired.people.items()),
            [
                (
                    name,
                    domain.domain,
                    list(domain.roles.items()),
                    list(domain.mailboxes.items()),
                    list(domain.aliases.items()),
                    (domain.disabled, domain.support_email),
                    list(domain.places.items()),
                    (len(domain.mailboxes), len(domain.aliases), len(domain.places)),
                )
                for name, domain in desired.domains.items()
            ],
        ),
    )


def check(files):
    """Both ways give the same, and the quick one gives up where there is an error, only there."""
    expected = full_reading(files, ())
    quick = judged(Sources(dict(files), None))

    assert (expected.desired is None) == (quick is None)
    assert quick is None or quick.verdict() == expected.verdict
    assert told(expected) == told(read_sources(files))


@pytest.mark.parametrize("path", [*GOOD, *BAD], ids=lambda path: path.stem)
def test_single_files_are_read_alike(path):
    """
    Each file of the corpus.
    """
    check([(path.name, path.read_bytes())])


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_examples_of_rules_are_read_alike(folder):
    """
    The bad and the good example of each rule.
    """
    check([(path.name, path.read_bytes()) for path in sorted(folder.iterdir())])


def test_what_is_written_once_and_used_twice_is_read_alike():
    """
    YAML aliases for texts, entries and lists: each has the place that the full reading gives it.
    """
    text = USERS + (
        "domains:\n"
        "  - name: a.example\n"
        "    owners: &o [&h alice]\n"
        "    accesses: &x [&b {role: viewer, user: bob}]\n"
        "    mailboxes: [&m {first_name: &f Jean, local_part: jean, last_name: *f}]\n"
        "    aliases: &l [{local_part: info, destinations: &d [x@perso.example]}]\n"
        "  - {name: b.example, owners: [*h], accesses: [*b], mailboxes: [*m], aliases: *l}\n"
        "  - {name: c.example, owners: *o, accesses: *x, aliases: *l}\n"
    )
    files = [("a.yaml", text.encode())]

    assert full_reading(files, ()).desired is not None
    check(files)


ADA = "first_name: Ada, last_name: Byron"
TWICE = {
    "full name": (f"{ADA}, display_name: A", f"{ADA}, display_name: B"),
    "full name in another case": (f"{ADA}, display_name: A", "first_name: ADA, last_name: BYRON"),
    "display name": (f"{ADA}, display_name: A", "first_name: Bob, last_name: B, display_name: a"),
    "display and full name": (ADA, "first_name: Bob, last_name: B, display_name: ada byron"),
    "none": (ADA, "first_name: Bob, last_name: B"),
}


@pytest.mark.parametrize("features", ["[webmail, mailbox]", "[mailbox]"], ids=["webmail", "bare"])
@pytest.mark.parametrize("where", ["one domain", "one context", "two contexts"])
@pytest.mark.parametrize("what", TWICE)
def test_what_two_mailboxes_have_in_common_is_read_alike(what, where, features):
    """
    On one domain, or on two of one context: a fault, with webmail; else none.
    """
    one, other = (f"{{local_part: a{number}, {TWICE[what][number]}}}" for number in (0, 1))
    context = "context: c, " if where == "one context" and "webmail" in features else ""
    head = f"{context}owners: [alice], features: {features}, mailboxes: ["
    between = ", " if where == "one domain" else f"]}}\n  - {{name: b.example, {head}"
    text = f"{USERS}domains:\n  - {{name: a.example, {head}{one}{between}{other}]}}\n"
    files = [("a.yaml", text.encode())]
    is_fault = what != "none" and where != "two contexts" and "webmail" in features

    assert is_fault == (full_reading(files, ()).desired is None)
    check(files)


def test_more_warnings_than_anybody_reads_are_cut_off_alike():
    """
    Two domains of one context, and five thousand local parts on both.
    """
    boxes = "".join(
        f"      - {{local_part: a{number}, first_name: '{number}', last_name: {{}}}}\n"
        for number in range(MAX_PROBLEMS + 1)
    ).replace("{}", "NAME")
    domains = "".join(
        f"  - name: {name}.example\n    context: c\n    owners: [alice]\n    mailboxes:\n"
        + boxes.replace("NAME", name)
        for name in "ab"
    )
    files = [("a.yaml", f"{USERS}domains:\n{domains}".encode())]

    expected = full_reading(files, ())

    assert MAX_PROBLEMS + 1 == len(expected.problems)
    assert told(expected) == told(read_sources(files))


@given(chances)
def test_trees_are_read_alike(chance):
    """
    Any files in any style, with what is wrong within and between them, and without.
    """
    check(sources(chance))


@given(chances)
def test_messy_files_are_read_alike(chance):
    """
    Files in which most is wrong.
    """
    text = Pen(chance, comments=True).write(document(chance))

    check([("a.yaml", USERS.encode()), ("b.yaml", text.encode())])


@given(chances, st.integers(1, 3))
def test_damaged_files_are_read_alike(chance, count):
    """
    Files of the corpus with bytes that are cut out, put in or turned over.
    """
    check([(f"{number}.yaml", mutated(CORPUS, chance)) for number in range(count)])
