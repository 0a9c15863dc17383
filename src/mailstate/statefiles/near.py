"""The word that was meant: "did you mean" for fields, words, handles and addresses."""

from collections.abc import Sequence
from difflib import get_close_matches
from itertools import islice

from mailstate.statefiles.text import shown

# difflib compares each pair letter by letter: enough is enough.
_MAX_LENGTH = 100
_MAX_OPTIONS = 2_000
_MIN_BEGINNING = 2


def near(word: str, options: Sequence[str]) -> str | None:
    """The one of *options* that *word* is most likely a misspelling of."""
    if len(word) > _MAX_LENGTH:
        return None
    beginning = [option for option in options if option.startswith(word)]
    if len(beginning) == 1 and len(word) > _MIN_BEGINNING:
        return beginning[0]
    like = (option for option in options if abs(len(option) - len(word)) <= 1 + len(word) // 2)
    found = get_close_matches(word, list(islice(like, _MAX_OPTIONS)), n=1, cutoff=0.7)
    return found[0] if found else None


def did_you_mean(word: str, options: Sequence[str]) -> str:
    """` (did you mean …?)` if one of *options* is near *word*, else nothing."""
    found = near(word, options)
    return f" (did you mean `{shown(found)}`?)" if found else ""
