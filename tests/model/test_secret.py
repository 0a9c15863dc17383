"""A secret cannot be shown by accident."""

import copy
import inspect
import io
import json
import logging
import pickle
import pprint
import traceback
import weakref
from dataclasses import asdict, dataclass, replace

import pytest
from deepdiff import DeepDiff
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.pretty import pretty_repr
from rich.traceback import Traceback

from mailstate.model.secret import Secret, wordless

TEXT = "Corr3ct-horse"
SECRET = Secret(TEXT)


WAYS = {
    "str": str,
    "repr": repr,
    "ascii": ascii,
    "pprint": pprint.pformat,
    "f-string": lambda value: f"{value}",
    "f-string with !r": lambda value: f"{value!r}",
    "f-string with a width": lambda value: f"{value!s:>40}",
    "f-string with =": lambda value: f"{value=}",
    "percent": lambda value: "%s %r" % (value, value),  # noqa: UP031 - one more way to show it
    "format": lambda value: "{} {!r}".format(value, value),  # noqa: UP032 - as above
    "a list": lambda value: repr([value]),
    "a dict": lambda value: repr({"password": value}),
    "JSON of str": lambda value: json.dumps({"password": value}, default=str),
    "JSON of repr": lambda value: json.dumps({"password": value}, default=repr),
    "names of attributes": lambda value: repr(dir(value)),
    "members": lambda value: repr(inspect.getmembers(value)),
    "state": lambda value: repr(value.__getstate__()),
    "rich": pretty_repr,
    "a bytes format": lambda value: b"%a" % value,
    "a difference": lambda value: repr(DeepDiff({"at": value}, {"at": Answer(Secret("other"))})),
}


@dataclass(frozen=True)
class Answer:
    """Something that holds a secret."""

    password: Secret


def test_only_reveal_gives_the_text():
    """
    Whoever calls it means it.
    """
    assert TEXT == SECRET.reveal()


@pytest.mark.parametrize("show", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("value", [SECRET, Answer(SECRET)], ids=["itself", "within"])
def test_no_way_of_showing_shows_it(show, value):
    """
    Neither by itself nor within something else.
    """
    shown = show(value)

    assert TEXT not in (shown.decode() if isinstance(shown, bytes) else shown)


def test_a_width_does_not_show_it():
    """
    A format of its own is not passed on.
    """
    assert "***" == f"{SECRET:>40}"


def test_a_log_does_not_show_it(caplog):
    """
    However it gets there.
    """
    logging.getLogger("mailstate").error("%s %r", SECRET, Answer(SECRET))

    assert TEXT not in caplog.text


def test_a_traceback_does_not_show_it():
    """
    Not even one that shows local variables.
    """

    def fail(password):
        raise ValueError(password)

    with pytest.raises(ValueError, match=r"\*\*\*") as caught:
        fail(SECRET)

    found = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert TEXT not in "".join(found.format())


def test_rich_does_not_show_it():
    """
    Its tracebacks look at local variables, and into what they hold.
    """

    def fail(password, answer):
        raise ValueError(password, answer)

    console = Console(width=200, file=io.StringIO(), record=True)
    try:
        fail(SECRET, Answer(SECRET))
    except ValueError:
        console.print(Traceback(show_locals=True, locals_hide_sunder=False))
    shown = console.export_text()

    assert "password = Secret(***)" in shown
    assert TEXT not in shown


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_it_cannot_be_pickled(protocol):
    """
    By no protocol.
    """
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(SECRET, protocol)


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
def test_it_cannot_be_copied(duplicate):
    """
    There is one of it, where it came in.
    """
    with pytest.raises(TypeError, match="cannot be pickled or copied"):
        duplicate(SECRET)


def test_what_holds_it_cannot_be_taken_apart():
    """
    A dataclass as a dict would carry it on.
    """
    with pytest.raises(TypeError):
        asdict(Answer(SECRET))


def test_it_is_no_json():
    """
    An encoder that knows nothing of it fails.
    """
    with pytest.raises(TypeError):
        json.dumps(SECRET)


def test_what_holds_it_may_be_replaced():
    """
    A value with another field carries the same secret on.
    """
    answer = Answer(SECRET)

    assert replace(answer, password=SECRET) == answer


def test_it_cannot_be_ordered():
    """
    That would compare texts.
    """
    with pytest.raises(TypeError, match="not supported"):
        assert SECRET < Secret("other")  # type: ignore[operator]


def test_nothing_watches_it():
    """
    No weak reference can be had, through which others would learn of it.
    """
    with pytest.raises(TypeError, match="weak reference"):
        weakref.ref(SECRET)


def test_it_has_no_dict_to_look_into():
    """
    Tools that walk attributes find none.
    """
    with pytest.raises(TypeError):
        vars(SECRET)


@given(st.text())
def test_it_is_like_nothing_but_itself(text):
    """
    Comparing tells nothing of the text, nor does the hash.
    """
    one, other = Secret(text), Secret(text)

    assert one == one  # noqa: PLR0124 - that is the point
    assert one != other
    assert one != text
    assert len({one, other}) == 2


@given(st.text())
def test_it_tells_whether_there_is_one(text):
    """
    An empty one is false.
    """
    assert bool(text) is bool(Secret(text))


def test_a_bug_without_words_can_still_be_reported():
    """
    Its type and where it came from are told; its text, its notes and its causes are not.
    """

    def fail():
        error = KeyError(TEXT)
        error.add_note(TEXT)
        raise error from ValueError(TEXT)

    with pytest.raises(KeyError) as failed:
        fail()
    with pytest.raises(RuntimeError) as caught:
        raise wordless(failed.value)
    told = "".join(traceback.format_exception(caught.value))

    assert "builtins.KeyError, whose text is left out" in told
    assert "in fail\n" in told
    assert TEXT not in told
