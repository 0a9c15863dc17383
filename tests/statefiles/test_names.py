"""Single values: what is a domain, an address, a name."""

import idna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstate.statefiles.names import (
    Fault,
    destination,
    domain_name,
    email_address,
    folded,
    local_part_fault,
    text_fault,
)
from mailstate.statefiles.near import did_you_mean, near


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("commune.example", "commune.example"),
        ("évry.example", "xn--vry-9la.example"),
        ("e\u0301vry.example", "xn--vry-9la.example"),
        ("xn--vry-9la.example", "xn--vry-9la.example"),
        ("straße.example", "xn--strae-oqa.example"),
        ("a-b.c1.example", "a-b.c1.example"),
        ("1.example", "1.example"),
        ("a.xn--90a3ac", "a.xn--90a3ac"),
    ],
)
def test_a_domain_is_sent_in_a_labels(written, sent):
    """
    U-labels may be written, A-labels are what dimail gets (design §11).
    """
    assert sent == domain_name(written)


@given(st.text(max_size=30))
def test_what_is_taken_for_a_domain_is_one_to_idna_as_well(text):
    """
    Whatever is accepted encodes to itself, in lower case, within the limits.
    """
    name = domain_name(text)
    if isinstance(name, Fault):
        assert "domain-form" == name.rule
        return

    assert name == name.lower()
    assert name.isascii()
    assert len(name) <= 128
    assert name == idna.encode(name, strict=True).decode()
    assert name == domain_name(name)


@given(st.from_regex(r"[a-zé.-]{1,8}\.[a-z0-9-]{1,8}", fullmatch=True))
def test_the_quick_way_to_a_domain_agrees_with_the_long_one(text):
    """
    Plain names are taken without IDNA's tables; nothing is taken that they would refuse.
    """
    name = domain_name(text)
    try:
        expected = idna.encode(text, strict=True).decode()
    except idna.IDNAError:
        expected = None

    assert isinstance(name, Fault) or name == expected
    if expected is not None and not text.rpartition(".")[2].isdigit():
        assert name == expected


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("Jean.Dupont+tag@Perso.Example", "Jean.Dupont+tag@perso.example"),
        ("x@élysée.example", "x@xn--lyse-9oad.example"),
        ("!#$%&'*+/=?^_`{|}~-@a.example", "!#$%&'*+/=?^_`{|}~-@a.example"),
    ],
)
def test_an_address_keeps_its_local_part_and_gets_an_a_label_domain(written, sent):
    """
    Somebody else's server decides about the part before the `@`.
    """
    assert sent == email_address(written)


def test_destinations_are_in_lower_case():
    """
    Dimail compares case: two spellings would be two aliases.
    """
    assert "jean@perso.example" == destination("Jean@PERSO.example")
    assert "devnull@devnull" == destination("DevNull@devnull")


@given(st.text(max_size=20))
def test_the_folded_form_is_the_same_for_all_spellings(text):
    """
    Capitals, small letters and the two ways to write an accent make no difference.
    """
    assert folded(folded(text)) == folded(text)
    if text.isascii():
        assert folded(text) == folded(text.upper())


def test_names_that_differ_by_case_or_composition_are_the_same():
    """
    As Open-Xchange compares display names, without regard to case.
    """
    assert folded("ÉLODIE STRASSE") == folded("E\u0301lodie Straße")


@given(st.text(alphabet="abz09_.-", min_size=1, max_size=10))
def test_a_local_part_of_allowed_characters_fails_by_its_dots_alone(text):
    """
    No dot at either end, no two together.
    """
    dotted = text.startswith(".") or text.endswith(".") or ".." in text

    assert dotted == (local_part_fault(text) is not None)


@given(st.text(max_size=210))
def test_a_text_that_is_taken_can_be_shown(text):
    """
    One line, no blanks at the ends, nothing that cannot be seen.
    """
    if text_fault(text) is None:
        assert text == text.strip()
        assert 1 == len(text.splitlines())
        assert len(text) <= 200
        assert not any(ord(char) < 32 for char in text)


def test_joiners_within_a_name_are_allowed():
    """
    Some scripts cannot spell a name without them.
    """
    assert text_fault("नि\u200dशा") is None
    assert text_fault("No\u00a0break") is None


def test_the_word_that_was_meant_is_near():
    """
    A misspelling, or a beginning; nothing far-fetched, and nothing for endless words.
    """
    assert "owners" == near("owner", ["name", "owners"])
    assert "administrator" == near("admin", ["administrator", "viewer"])
    assert near("zzz", ["name", "owners"]) is None
    assert near("a" * 101, ["a" * 101]) is None
    assert " (did you mean `alice`?)" == did_you_mean("alise", ["alice", "bob"])
    assert "" == did_you_mean("zzz", ["alice"])
