"""Tables of mailboxes: what the scanner says of a list, in columns, where it is written plainly."""

import pytest
from hypothesis import given

from mailstate.statefiles import read_sources
from mailstate.statefiles.marks import Map, Seq
from mailstate.statefiles.scanner import scan
from mailstate.statefiles.schema import fits_schema
from mailstate.statefiles.table import Table
from tests.fuzz.two_ways import is_scanned
from tests.statefiles.corpus import USERS
from tests.statefiles.messy import Chance, chances
from tests.statefiles.test_quick import check

TEXTS = ("jean", "Zoé", "O'Neil", "Le Goff", "nn", "No way", "Yann", "x@b.example", "a.b", "ΑΣ")
ODD = ("'Jean'", '"a"', "no", "x # c", "12", "", "a ", "[a]", "x: y", "true", "# c", "1a", "é:")
STRAY = (
    "",
    "# c",
    "        # c",
    "      # c",
    "  x: y",
    "      - local_part: a",
    "        x: y",
    "x:",
)
BELOW = (
    "",
    "aliases: []",
    "  - name: b.example",
    "    aliases: []",
    "     aliases: []",
    "# c",
    "  # c",
)


def written(chance):
    """Mailboxes as a rule, with something odd in between now and then."""
    margin = " " * chance.choice([4, 6, 6, 6, 8])
    lines = []
    for _ in range(chance.randint(1, 4)):
        fields = ["local_part", "first_name", "last_name"]
        fields += [name for name in ("display_name", "secondary_email") if chance.one_in(2)]
        if chance.one_in(20):
            chance.shuffle(fields)
        entry = [(name, chance.choice(ODD if chance.one_in(40) else TEXTS)) for name in fields]
        if chance.one_in(4):
            entry.append(("active", chance.choice(["true", "false"])))
        if chance.one_in(20):
            del entry[chance.randrange(len(entry))]
        for number, (name, text) in enumerate(entry):
            lines.append(f"{margin}{'  ' if number else '- '}{name}: {text}")
            if chance.one_in(60):
                lines.append(chance.choice(STRAY))
    below = chance.choice(BELOW) if chance.one_in(2) else ""
    return "\n".join([*lines, below]) + chance.choice(["", "", "\n"])


def domain(boxes):
    """A file with one domain that has these mailboxes."""
    return f"domains:\n  - name: a.example\n    owners: [alice]\n    mailboxes:\n{boxes}"


def has_table(text):
    """Whether the scanner makes a table of the mailboxes."""
    root = scan(text, tables=True)
    if root is None:
        return False
    domains = root["domains"]
    assert isinstance(domains, Seq)
    assert isinstance(domains[0], Map)
    return isinstance(domains[0]["mailboxes"], Table)


@given(chances)
def test_a_table_has_what_the_list_has(chance):
    """
    Values, those that are not there, and places; and the schema has the same to say of it.
    """
    text = domain(written(chance))

    if is_scanned(text.encode()):
        assert fits_schema(scan(text)) == fits_schema(scan(text, tables=True))


def test_there_often_is_a_table():
    """
    The test above has something to compare, and to leave.
    """
    texts = [domain(written(Chance(number))) for number in range(300)]

    found = [has_table(text) for text in texts if is_scanned(text.encode())]

    assert found.count(True) > 60
    assert found.count(False) > 30


BOX = "      - local_part: a\n        first_name: B\n        last_name: C\n"
MORE = "        display_name: D\n        secondary_email: a@b.example\n        active: false\n"
FORMS = {
    BOX: True,
    BOX * 3: True,
    BOX + MORE + BOX: True,
    BOX.replace("      ", "    "): True,
    f"{BOX}    aliases: []\n": True,
    f"{BOX}  - name: b.example\n    owners: [alice]\n": True,
    BOX.replace("B", "'B'"): False,
    BOX.replace("B", "no"): False,
    BOX.replace("B", "12"): False,
    f"{BOX}\n{BOX}": False,
    f"{BOX}      # c\n{BOX}": False,
    f"{BOX}# c\n": False,
    f"\n{BOX}": False,
    f"{BOX}        colour: red\n": False,
    f"{BOX}      - a\n": False,
    BOX + BOX.replace("      ", "        "): False,
    "      - first_name: B\n        local_part: a\n        last_name: C\n": False,
    "      - local_part: a\n        first_name: B\n": False,
    "      - local_part: a\n": False,
    "  - a\n": False,
}


@pytest.mark.parametrize(("boxes", "taken"), FORMS.items())
def test_a_table_is_made_of_what_is_written_plainly_alone(boxes, taken):
    """
    All else is read entry by entry.
    """
    text = domain(boxes)
    is_scanned(text.encode())

    assert taken == has_table(text)


@pytest.mark.parametrize("filler", [" ", "- ", "x ", "n"])
@pytest.mark.parametrize("line", ["", "        ", "        first_name: ", "      - local_part: "])
def test_a_line_of_a_million_characters_ends_soon(line, filler):
    """
    What is no table is gone through once, or a stranger's file would take days.
    """
    text = domain(f"{BOX}{line}{filler * (1_000_000 // len(filler))}x\n")

    assert not has_table(text)


@pytest.mark.parametrize(
    "text",
    [
        f"mailboxes:\n{BOX}",
        f"users:\n  - mailboxes:\n{BOX}",
        f"domains:\n  mailboxes:\n{BOX}",
        f"domains:\n  - a:\n    - mailboxes:\n{BOX}",
        domain(BOX.replace("B", "x" * 201)),
        domain(BOX.replace(": a", ": A")),
        domain(BOX.replace(": a", ": oxadmin")),
        domain(BOX + MORE.replace("a@b.example", "b")),
        domain(BOX).replace("owners: [alice]", "colour: red"),
    ],
)
def test_a_table_where_none_belongs_fits_no_schema(text):
    """
    Nor does one with a text that the schema refuses.
    """
    root = scan(text, tables=True)

    assert root is not None
    assert not fits_schema(root)
    assert not fits_schema(scan(text))
    check([("a.yaml", text.encode())])


def test_whether_a_mailbox_is_active_is_in_the_table():
    """
    There is a column of it if one is not.
    """
    both = BOX + MORE.replace("b.ex", "c.ex") + BOX.replace(": a", ": b").replace("C", "E")
    files = [("a.yaml", f"{USERS}{domain(both)}".encode())]

    desired = read_sources(files).desired

    assert desired
    [found] = desired.domains.values()
    assert [False, True] == [box.active for box in found.mailboxes.values()]
    check(files)
