"""Whatever bytes come: problems with known rules, never a traceback, never a long wait."""

import random

from hypothesis import given
from hypothesis import strategies as st

from mailstate.statefiles.documents import read_document
from tests.fuzz.fuzz_validate import check
from tests.fuzz.mutate import TOKENS, mutated, seeds

CORPUS = seeds()


@given(st.binary(max_size=200))
def test_any_bytes_give_problems_or_a_state(data):
    """
    Nothing that a stranger's file may hold gets out of the reader as an exception.
    """
    check(data)


@given(st.lists(st.sampled_from(TOKENS), max_size=40))
def test_any_row_of_tokens_gives_problems_or_a_state(tokens):
    """
    The same, with bytes that YAML gives a meaning to.
    """
    check(b"".join(tokens))


@given(st.integers(0, 2**32), st.integers(1, 3))
def test_damaged_files_give_problems_or_a_state(seed, count):
    """
    The same, with files of the corpus that were damaged, alone and together.
    """
    chance = random.Random(seed)

    check(*(mutated(CORPUS, chance) for _ in range(count)))


@given(st.integers(0, 2**32))
def test_damaged_files_do_no_harm_to_the_parser_without_libyaml(seed):
    """
    Where PyYAML lacks libyaml, its own parser raises nothing either.
    """
    data = mutated(CORPUS, random.Random(seed))

    document = read_document("a.yaml", data, libyaml=False)

    assert document.problems or document.is_readable
