"""What the letters say that is no template."""

import re
from dataclasses import fields

import pytest

from mailstate.letters.templates import Language
from mailstate.letters.words import _ENGLISH, _FRENCH, greeting, help_with, validity, what_is_wrong
from mailstate.model.state import Check

FR, EN = Language.FR, Language.EN


@pytest.mark.parametrize(
    ("seconds", "french", "english"),
    [
        (0, "quelques instants", "a few moments"),
        (59, "quelques instants", "a few moments"),
        (60, "1 minute", "1 minute"),
        (899, "14 minutes", "14 minutes"),
        (3600, "1 heure", "1 hour"),
        (5400, "1 heure et 30 minutes", "1 hour and 30 minutes"),
        (7260, "2 heures et 1 minute", "2 hours and 1 minute"),
        (86_400, "24 heures", "24 hours"),
        (172_800, "2 jours", "2 days"),
        (700_000, "8 jours", "8 days"),
    ],
)
def test_how_long_a_link_works_is_said_in_words(seconds, french, english):
    """
    Rounded down: nobody comes too late because of us.
    """
    said = [validity(language, seconds, None).replace("\u00a0", " ") for language in (FR, EN)]

    assert [
        f"Ce lien est valable pendant {french}.",
        f"This link works for {english}.",
    ] == said


def test_how_often_a_link_works_is_said_as_well():
    """
    Where the server tells it.
    """
    assert "Ce lien est valable pendant 1\u00a0heure et peut servir 3\u00a0fois." == validity(
        FR, 3600, 3
    )
    assert "This link works for 1\u00a0hour and can be used only once." == validity(EN, 3600, 1)


def test_somebody_with_a_name_is_greeted_by_it():
    """
    Whoever has none that reads as one, without.
    """
    assert "Bonjour Jean Dupont," == greeting(FR, "Jean Dupont")
    assert "Hello," == greeting(EN, "http://mechant.example")


def test_the_support_address_is_named_where_there_is_one():
    """
    Else there are people next door.
    """
    assert "Any questions? Write to dsi@commune.example." == help_with(EN, "dsi@commune.example")
    assert "votre organisation." in help_with(FR, None)


def test_a_check_says_what_is_wrong_in_a_sentence():
    """
    By its codes, by its name, or by the name alone.
    """
    two = Check(name="spf", internal=False, codes=("no_spf", "invalid_spf", "new"))
    own = Check(name="ox", internal=True, codes=("unheard",))
    odd = Check(name="da\u202ene", internal=False)

    assert (
        "The SPF record is missing: your messages may be taken for junk. The SPF record cannot be"
        " read."
    ) == what_is_wrong(EN, two)
    assert "La messagerie n’est pas encore réglée pour ce domaine." == what_is_wrong(FR, own)
    assert "La vérification «\u00a0da\\u202ene\u00a0» échoue." == what_is_wrong(FR, odd)


def test_both_languages_know_the_same():
    """
    No check is told in one only.
    """
    assert set(_FRENCH.codes) == set(_ENGLISH.codes)
    assert set(_FRENCH.checks) == set(_ENGLISH.checks)


def _all_of(words):
    for field in fields(words):
        value = getattr(words, field.name)
        match value:
            case str():
                yield value
            case tuple():
                yield from value
            case _:
                yield from value.values()


def test_french_punctuation_keeps_to_its_word():
    """
    A no-break space stands before it, and within quotation marks; apostrophes are curly.
    """
    for text in _all_of(_FRENCH):
        assert not re.search(r"[^\u00a0][:;?!»]|«[^\u00a0]|['\"]|\d [a-z]", text), text
