"""The word that was meant: "did you mean" for fields, words, handles and addresses."""

from collections.abc import Iterable, Sequence
from itertools import islice

from mailstate.statefiles.text import shown

# difflib compares each pair letter by letter: enough is enough.
_MAX_LENGTH = 100
_MAX_OPTIONS = 500
_MIN_BEGINNING = 2
_MAX_GUESSES = 50


def near(word: str, options: Sequence[str]) -> str | None:
    """The one of *options* that *word* is most likely a misspelling of."""
    if not options or len(word) > _MAX_LENGTH:
        return None
    beginning = [option for option in options if option.startswith(word)]
    if len(beginning) == 1 and len(word) > _MIN_BEGINNING:
        return beginning[0]
    from difflib import get_close_matches  # noqa: PLC0415 - most runs guess nothing

    like = (option for option in options if abs(len(option) - len(word)) <= 1 + len(word) // 2)
    found = get_close_matches(word, list(islice(like, _MAX_OPTIONS)), n=1, cutoff=0.7)
    return found[0] if found else None


def did_you_mean(word: str, options: Sequence[str], after: str = "") -> str:
    """` (did you mean …?)` if one of *options* is near *word*, else nothing."""
    found = near(word, options)
    return f" (did you mean `{shown(found + after)}`?)" if found else ""


class Guesses:
    """
    "Did you mean" for many words and the same many options: each word is looked up once.

    Only the first words are: a handle that thousands of files misspell, or thousands of handles
    that one file misspells, must not make anybody wait.
    """

    __slots__ = ("_after", "_given", "_left", "_options")

    def __init__(self, options: Iterable[str], after: str = "") -> None:
        """*after* is said behind each guess: the domain of local parts."""
        self._after = after
        self._options = sorted(options)
        self._given: dict[str, str] = {}
        self._left = _MAX_GUESSES

    def for_word(self, word: str) -> str:
        """` (did you mean …?)`, or nothing."""
        if word not in self._given and self._left:
            self._left -= 1
            self._given[word] = did_you_mean(word, self._options, self._after)
        return self._given.get(word, "")
