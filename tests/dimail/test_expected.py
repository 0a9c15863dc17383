"""Lists that are known by what is expected of them: they say what they say when they are read."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstate.dimail import calls
from mailstate.dimail.expected import Hopes
from mailstate.dimail.lists import first_list, second_list
from mailstate.dimail.node import MalformedAnswerError, parse
from mailstate.model.rows import MailboxRows
from tests.dimail.support import V1, V2, D
from tests.dimail.test_lists import items

OXADMIN = V1 | {"email": f"oxadmin@{D}", "status": "broken"}
STRANGER = V1 | {"email": "eve@b.example", "status": "broken"}
NAMES = st.sampled_from(["Ada", "é", "L", 'a"b', "\\", "x\ny", "\x1c", "},{", "", "%s", "{}"])
LOCAL_PARTS = ["a", "a-b", "a.b", "ada", "bob", "cy"]
ROWS = st.lists(
    st.tuples(
        st.sampled_from([*LOCAL_PARTS, "oxadmin", "Cy", ""]),
        NAMES | st.none(),
        NAMES,
        NAMES,
        st.booleans(),
        st.none(),
    ),
    max_size=6,
    unique_by=lambda row: row[0].lower(),
)
PLAIN = [(name, "Ada", "L", f"Ada {name}", True, "x@home.example") for name in LOCAL_PARTS]


def wanted(rows):
    """Rows of the domain as files have them."""
    return MailboxRows.of(D, sorted(rows, key=lambda row: f"{row[0]}@{D}".lower()))


def first_item(row, **fields):
    """How the first API tells *row*."""
    local_part, first, last, display, *_ = row
    names = {"givenName": first, "surName": last, "displayName": display}
    return V1 | {"email": f"{local_part}@{D}"} | names | fields


def second_item(row, **fields):
    """How the second API tells *row*."""
    local_part, first, last, display, *_ = row
    names = {"given_name": first, "sur_name": last, "display_name": display}
    return V2 | {"email": f"{local_part}@{D}", "extras": {"ox": names}} | fields


def body(value):
    """*value* as dimail writes it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def said(listed):
    """What is known of a list, if it is."""
    return listed and (
        list(listed.mailboxes.items()),
        listed.torn,
        listed.half_made,
        listed.tells_active,
    )


def plainly(read, call, data):
    """What *data* says when it is read whole; nothing if it is malformed."""
    try:
        return said(read(parse(call, data), D, webmail=True))
    except MalformedAnswerError:
        return None


APIS = {
    "first": (first_item, V1, first_list, calls.mailboxes(D)),
    "second": (second_item, V2, second_list, calls.mailboxes_v2(D)),
}


@pytest.mark.parametrize("api", APIS)
@given(st.data())
def test_what_is_known_of_a_list_is_what_it_says(api, data):
    """Whatever is wanted and whatever is answered: it is known as it is read, or not at all."""
    item, form, read, call = APIS[api]
    rows = data.draw(ROWS)
    known = getattr(Hopes(), api)
    known.listed(body([item(PLAIN[0])]), wanted(PLAIN))
    usual = [item(row) for row in data.draw(st.permutations(rows)) if data.draw(st.booleans())]
    odd = data.draw(
        st.lists(items(form, address="email") | st.sampled_from([OXADMIN, STRANGER]), max_size=2)
    )
    answer = body(data.draw(st.permutations([*usual, *odd])))
    if data.draw(st.integers(0, 3)) == 0:
        at = data.draw(st.integers(0, len(answer)))
        more = data.draw(st.sampled_from([b"", b",", b'"', b"{", b"}", b"\\", b"},{", b" ", b"\n"]))
        answer = answer[:at] + more + answer[at + data.draw(st.integers(0, 1)) :]

    found = said(known.listed(answer, wanted(rows)))

    assert found in (None, plainly(read, call, answer))


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_list_with_what_is_expected_is_known(api, missing):
    """What is wanted may be missing or otherwise, and others may be there: it is known."""
    item, _, read, call = APIS[api]
    told = [item(row) for row in PLAIN[missing:]]
    told[-1] = item(PLAIN[-1], active="no")
    told.append(item(("eve", "E", "V", "E V")))
    known = getattr(Hopes(), api)

    for answer in (body(told), body([*reversed(told), item(("oxadmin", "A", "C", "A C"))])):
        found = said(known.listed(answer, wanted(PLAIN)))
        assert found is not None
        assert found == plainly(read, call, answer)


@pytest.mark.parametrize(
    "change",
    [{"active": "no"}, {"active": None}, {"more": {"x": [1.5, "é"]}}, {"type": "a'b%s{}"}],
)
def test_the_form_of_a_server_is_learnt(change):
    """Whatever is the same in all items of a server, they are known, and what it means is kept."""
    answer = body([OXADMIN, *(first_item(row, **change) for row in PLAIN)])

    assert plainly(first_list, calls.mailboxes(D), answer) == said(
        Hopes().first.listed(answer, wanted(PLAIN))
    )


@pytest.mark.parametrize("fields", [{}, {"active": "no"}, {"active": "yes", "status": "broken"}])
def test_who_is_told_otherwise_is_read(fields):
    """Where most are told in one form, what another form says of somebody is not lost."""
    silent = [{key: one[key] for key in one if key != "active"} for one in map(first_item, PLAIN)]
    torn = first_item(("torn", "T", "O", "T O"), status="broken")
    answer = body([*silent, silent[0] | {"email": f"eve@{D}"} | fields])

    technical = {key: OXADMIN[key] for key in silent[0] if key != "active"}
    near = [first_item((name, "O", "X", "O X")) for name in ("oxadmin2", "my.oxadmin")]
    for data in (answer, body([*silent, technical]), body([*silent, torn]), body([*silent, *near])):
        found = said(Hopes().first.listed(data, wanted(PLAIN)))
        assert found is not None
        assert plainly(first_list, calls.mailboxes(D), data) == found


def test_another_form_is_learnt_anew():
    """A server that writes otherwise from one list on is understood again."""
    known = Hopes().first
    for form in ({}, {"active": "no"}, {"status": "ok", "domain": D}):
        answer = body([first_item(row, **form) for row in PLAIN])
        found = said(known.listed(answer, wanted(PLAIN)))
        assert plainly(first_list, calls.mailboxes(D), answer) == found


OTHERWISE = {
    "spaces": json.dumps([first_item(row) for row in PLAIN]).encode(),
    "empty": b"[]",
    "no items": b"[{}]",
    "no UTF-8": body([first_item(row) for row in PLAIN])[:-2] + b"\xff}]",
    "with a mark": b"\xef\xbb\xbf" + body([first_item(row) for row in PLAIN]),
    "twice": body([first_item(row) for row in (*PLAIN, PLAIN[0])]),
    "twice, otherwise": body([*map(first_item, PLAIN), first_item(PLAIN[0], active="no")]),
    "capitals": body([*map(first_item, PLAIN), first_item(("ADA", "A", "D", "A D"))]),
    "key twice": body(list(map(first_item, PLAIN)))[:-2] + b',"email":"ada@a.example"}]',
    "another domain": body([*map(first_item, PLAIN), V1 | {"email": "eve@b.example"}]),
    "escape": body([*map(first_item, PLAIN), first_item(("eve", "\\", "x", "y"))]),
    "others": body([first_item((f"x{number}", "A", "B", "C")) for number in range(9)]),
    "mostly others": body(
        [first_item(PLAIN[0]), *(first_item((f"x{number}", "A", "B", "C")) for number in range(9))]
    ),
    "torn": body([first_item(row, status="broken") for row in PLAIN]),
    "nameless": body([first_item(row, surName=None) for row in PLAIN]),
}


@pytest.mark.parametrize("answer", OTHERWISE.values(), ids=OTHERWISE)
def test_what_is_unusual_is_not_known(answer):
    """A list that is not as expected is left to those who read it whole."""
    known = Hopes().first
    assert known.listed(body([first_item(row) for row in PLAIN]), wanted(PLAIN)) is not None

    assert known.listed(answer, wanted(PLAIN)) is None


@pytest.mark.parametrize(
    "row",
    [
        ("oxadmin", "A", "C", "A C", True, None),
        ("Eve", "E", "V", "E V", True, None),
        ("eve", None, "V", "E V", True, None),
        ("eve", "", "V", "E V", True, None),
        ("eve", 'E"', "V", "E V", True, None),
        ("eve", "E", "V", "E\nV", True, None),
    ],
)
def test_unusual_wishes_are_not_looked_for(row):
    """What is technical, in capitals, without a name, or not to be written as it is."""
    answer = body([first_item(one) for one in PLAIN])

    assert Hopes().first.listed(answer, wanted([*PLAIN, row])) is None
    assert Hopes().first.listed(answer, None) is None


def test_hopes_are_given_up():
    """Where nothing is ever as expected no time is lost with it; a good list counts anew."""
    known, other = Hopes().first, body([first_item(("eve", "E", "V", "E V"))])
    good = body([first_item(row) for row in PLAIN])

    for tries in (15, 15, 16):
        assert known.listed(good, wanted(PLAIN)) is not None
        for _ in range(tries):
            assert known.listed(other, wanted(PLAIN)) is None

    assert known.listed(good, wanted(PLAIN)) is None


def test_an_item_may_be_as_deep_as_it_likes():
    """What is nested too deeply to be decoded or written is not known, and that is all."""
    for depth in range(900, 1010):
        more = "[" * depth + "]" * depth
        answer = body([V1])[:-2] + f',"more":{more}}}]'.encode()
        Hopes().first.listed(answer, wanted([("ada", "Ada", "L", "Ada L", True, None)]))
