"""The canonical form: the same for all who mean the same, with every comment in its place."""

import json
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailstate.statefiles import read_sources
from mailstate.statefiles.documents import read_document
from mailstate.statefiles.formatter import FormatError, formatted, meaning, prove
from mailstate.statefiles.layout import ROOT
from mailstate.statefiles.quoting import written
from mailstate.statefiles.schema import schema_text
from mailstate.statefiles.tree import parse
from tests.statefiles.corpus import CORPUS
from tests.statefiles.messy import Pen, chances, document

CORPUS_FILES = sorted(CORPUS.rglob("*.yaml"))


def canonical(text):
    """The canonical form of *text*, which has one."""
    result = formatted("state/a.yaml", text.encode() if isinstance(text, str) else text)
    assert result.problems == ()
    assert result.text is not None
    return result.text


def said(text):
    """What *text* says, in no order."""
    document = read_document("a.yaml", text.encode())
    assert document.problems == []
    return meaning(document.root)


@given(chances)
def test_the_same_is_said_with_every_comment(chance):
    """
    Whatever the style in which it was written.
    """
    pen = Pen(chance, comments=True)
    text = pen.write(chance.shuffled(document(chance)))

    after = canonical(text)

    assert said(text) == said(after)
    for note in pen.notes:
        assert re.search(rf"{re.escape(note)}(?= |$)", after, re.MULTILINE), note


@given(chances)
def test_the_canonical_form_of_the_canonical_form_is_itself(chance):
    """
    Nothing moves the second time.
    """
    once = canonical(Pen(chance, comments=True).write(chance.shuffled(document(chance))))

    assert once == canonical(once)


@given(chances)
def test_the_order_and_style_of_writing_leave_no_trace(chance):
    """
    Without comments, all who say the same get the same bytes.
    """
    pen, root = Pen(chance, comments=False), document(chance)

    assert canonical(pen.write(chance.shuffled(root))) == canonical(
        pen.write(chance.shuffled(root))
    )


@pytest.mark.parametrize("path", CORPUS_FILES, ids=lambda path: str(path.relative_to(CORPUS)))
def test_a_file_of_the_corpus_is_formatted_without_loss_or_told_of(path):
    """
    One or the other, and what is asked for stays the same.
    """
    data = path.read_bytes()
    before = formatted("a.yaml", data)

    assert (before.text is None) == bool(before.problems)
    if before.text is not None:
        assert before.text == canonical(before.text)
        first, second = (read_sources([("a.yaml", text)]) for text in (data, before.text.encode()))
        assert asked(first) == asked(second)


def asked(reading):
    """What *reading* asks for, without places."""
    if reading.desired is None:
        return sorted(problem.rule for problem in reading.problems)
    people = {
        user: (person.handle, person.user, person.email)
        for user, person in reading.desired.people.items()
    }
    domains = {
        name: (
            domain.domain,
            domain.roles,
            domain.mailboxes,
            domain.aliases,
            domain.disabled,
            domain.support_email,
        )
        for name, domain in reading.desired.domains.items()
    }
    return people, domains


BEFORE = """\
# All domains of the county
# yaml-language-server: $schema=../schema/state.schema.json

# first the domains
domains:
  # small ones

  # about z
  - name: z.example  # z!
    owners: [bob,  # Bob is here
             amy]
    features: [alias, mailbox, webmail]
    # end of z
  # about a
  - aliases:
    - {destinations: ["b@x.example", 'a@x.example'], local_part: "no"} # the poll
    owners: &own # the owners of a
      # Amy first
      - amy
    delivery: |- # not yet
      virtual
    # what it is called
    name: a.example
    mailboxes: [  # none yet
    ]
    accesses:
      - role: viewer # reads
        user: zed
      - {user: bob, role: viewer}
  - name: b.example
    owners: *own
    context: "L'Été"
    mailboxes:
      - {local_part: "1e3", first_name: 'Jean', last_name: "a: b", display_name: "\\u200eJ"}
  # no more

users: [{name: "true", uuid: '12345678123456781234567812345678'}] # one user
# tail
...
# after
"""

AFTER = """\
# yaml-language-server: $schema=../schema/state.schema.json
# All domains of the county

users:  # one user
  - name: 'true'
    uuid: '12345678123456781234567812345678'

# first the domains
domains:
  # small ones

  # about a
  # what it is called
  - name: a.example
    delivery: virtual  # not yet
    owners: &own  # the owners of a
      # Amy first
      - amy
    accesses:
      - {user: bob, role: viewer}
      - user: zed
        role: viewer  # reads
    # none yet
    mailboxes: []
    aliases:
      - {local_part: 'no', destinations: [a@x.example, b@x.example]}  # the poll

  - name: b.example
    context: L'Été
    owners: *own
    mailboxes:
      - local_part: '1e3'
        first_name: Jean
        last_name: 'a: b'
        display_name: "\\u200eJ"

  # about z
  - name: z.example  # z!
    features: [webmail, mailbox, alias]
    owners:
      - amy
      - bob  # Bob is here
    # end of z

  # no more

# tail
# after
"""


def test_this_is_the_canonical_form():
    """
    Each decision of it, in one example.
    """
    assert AFTER == canonical(BEFORE)


def test_what_does_not_fit_on_a_line_has_a_line_for_each_item():
    """
    A list that grows over the edge is one change to review, the next one is a line.
    """
    owners = [f"somebody.with.a.name-{number}" for number in range(6)]
    text = f"domains: [{{name: a.example, owners: [{', '.join(owners)}]}}]\n"

    expected = "".join(f"      - {owner}\n" for owner in owners)
    assert f"domains:\n  - name: a.example\n    owners:\n{expected}" == canonical(text)


def test_an_anchor_goes_to_the_first_place_of_its_value():
    """
    Sorting must not put an alias above its anchor, a key that is one included.
    """
    text = """\
domains:
  - {name: c.example, owners: &team [&who amy], accesses: [&one {user: bob, role: viewer}]}
  - {name: b.example, owners: *team, accesses: &all [*one]}
  - {&key name: a.example, owners: [*who], accesses: *all, context: *key}
  - &last
    # the last
    name: d.example
    owners: [ann]
    # its end
users:
  - {name: amy, uuid: 5e0c2f6e-3c1b-4f0a-9d3e-1f2a3b4c5d6e}
"""

    assert (
        canonical(text)
        == """\
users:
  - name: amy
    uuid: 5e0c2f6e-3c1b-4f0a-9d3e-1f2a3b4c5d6e

domains:
  - &key name: a.example
    context: *key
    owners: [&who amy]
    accesses: &all
      - &one {user: bob, role: viewer}

  - name: b.example
    owners: &team [*who]
    accesses: *all

  - name: c.example
    owners: *team
    accesses:
      - *one

  # the last
  - &last
    name: d.example
    owners: [ann]
    # its end
"""
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing\n",
        "users: []\nusers: []\n",
        "users: {}\n",
        "domains: [{name: a.example, owners: [no]}]\n",
        "domains: [{name: a.example, owner: [ann]}]\n",
        "domains:\n\t- name: a.example\n",
        b"\xff",
    ],
)
def test_a_file_that_is_not_sound_has_no_canonical_form(text):
    """
    Its problems are told as by `validate`.
    """
    data = text.encode() if isinstance(text, str) else text
    result = formatted("a.yaml", data)

    assert result.text is None
    assert set(result.problems) <= set(read_sources([("a.yaml", data)]).problems)
    assert result.problems != ()


def test_handles_of_other_files_do_not_matter():
    """
    A file is judged by itself: what it takes to format it is in it.
    """
    text = "domains:\n  - name: a.example\n    owners: [who.is.that]\n"

    assert text == canonical(text)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("domains:\n  - name: b.example # one\n    owners: [ann]\n", "something else"),
        ("domains:\n  - name: a.example\n    owners: [no] # one\n", "something else"),
        ("domains:\n  - name: a.example\n    owners: [ann]\n", "lose a comment"),
    ],
)
def test_nothing_is_taken_on_trust(wrong, told):
    """
    What the layout gives is read again, and held against what was there.
    """
    text = "domains:\n  - name: a.example # one\n    owners: [ann]\n"

    with pytest.raises(FormatError, match=told):
        prove("a.yaml", text.encode(), parse(text), wrong)


@given(st.text(st.characters(exclude_categories=["Cs"])), st.booleans())
@example("\u2028", False)  # noqa: FBT003 - a value
@example("\x85", True)  # noqa: FBT003 - a value
@example("a\u200cb", False)  # noqa: FBT003 - a value
@example("", True)  # noqa: FBT003 - a value
def test_any_text_is_written_so_that_the_strict_reader_takes_it(text, in_flow):
    """
    And takes it for that text.
    """
    value = written(text, in_flow=in_flow)
    document = read_document("a", (f"a: [{value}]" if in_flow else f"a: {value}").encode())

    assert document.problems == []
    assert document.root == {"a": [text] if in_flow else text}


def test_fields_have_the_order_of_the_schema():
    """
    One order for editors, for the documentation and for us.
    """
    schema = json.loads(schema_text())
    shapes = {
        "domain": ROOT.below["domains"],
        "user": ROOT.below["users"],
        **{
            name: ROOT.below["domains"].below[field]
            for field, name in (
                ("accesses", "access"),
                ("mailboxes", "mailbox"),
                ("aliases", "alias"),
            )
        },
    }

    assert {name: shape.fields for name, shape in shapes.items()} == {
        name: tuple(schema["$defs"][name]["properties"]) for name in shapes
    }
    assert ROOT.fields == tuple(schema["properties"])
