"""
YAML, read strictly: parser events to `Document`, and every departure from the strict form told.

Strict means (design §2, §11): one document; mappings with text keys, each once; lists; text and
`true`/`false`; no tags, directives, merge keys or tabs; anchors within bounds. libyaml's events
carry the marks; where PyYAML was built without libyaml its own parser gives the same, slower.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from itertools import islice

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from mailstate.statefiles.events import (
    HAS_LIBYAML,
    Event,
    Parser,
    ParserMark,
    is_empty,
    is_plain_text,
    parser_of,
    size,
)
from mailstate.statefiles.marks import MAX_PROBLEMS, Document, Map, Mark, Seq, Value, mark, place
from mailstate.statefiles.rulebook import problem
from mailstate.statefiles.scalars import BOOLEANS, is_null, other_meaning, what_to_write
from mailstate.statefiles.syntax import explain
from mailstate.statefiles.text import shown, tabs_outside, within

MAX_DEPTH = 32
"""Five levels are in use; libyaml's time grows with the square of the depth of brackets."""

MAX_ALIASES = 100
MAX_ALIASED_VALUES = 5_000
"""What all aliases of a file together may stand for, a long text counting as many values."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_DIRECTIVE = re.compile("^%", re.MULTILINE)


class _StopReadingError(Exception):
    """Nothing after this place can be read; the problem has been told."""


def build(file: str, text: str, *, libyaml: bool | None = None) -> Document:
    """
    What *text*, which `decode` has let pass, says, and all that is wrong with it as YAML.

    *libyaml* chooses the parser: PyYAML's own if it is false; by default libyaml, if it is there.
    """
    return _Builder(file, text, libyaml=HAS_LIBYAML if libyaml is None else libyaml).document()


class _Builder:
    """One file on its way; used once."""

    __slots__ = (
        "_alias_count",
        "_aliased_values",
        "_anchors",
        "_document",
        "_event",
        "_file",
        "_known_keys",
        "_libyaml",
        "_open_anchors",
        "_quoted",
        "_reached",
        "_text",
    )

    def __init__(self, file: str, text: str, *, libyaml: bool) -> None:
        self._file = file
        self._text = text
        self._libyaml = libyaml
        self._document = Document(file=file)
        self._anchors: dict[str, tuple[Value, int]] = {}
        self._open_anchors: set[str] = set()
        self._known_keys: dict[str, str] = {}
        self._alias_count = 0
        self._aliased_values = 0
        self._quoted: list[tuple[int, int]] | None = [] if "\t" in text else None
        self._reached: list[ParserMark] = []
        self._event: Callable[[], Event]

    def document(self) -> Document:
        """Read the whole text once."""
        document = self._document
        try:
            # PyYAML's own reader refuses characters that libyaml takes, and has no limit for chr().
            parser = parser_of(self._text, libyaml=self._libyaml)
            self._event = parser.get_event
            if self._quoted is not None:
                self._event = _noting(parser, self._reached)
            self._read()
            document.is_readable = True
        except _StopReadingError:
            document.root = None
        except yaml.MarkedYAMLError as error:
            document.root = None
            with suppress(_StopReadingError):
                self._tell_syntax(error)
        except (yaml.YAMLError, ValueError, OverflowError):
            document.root = None
            with suppress(_StopReadingError):
                self._tell("yaml/syntax", mark(0, 0), "the file holds a character that is not YAML")
        self._tell_tabs()
        return document

    def _read(self) -> None:
        start = self._skip_to_document()
        if start is None:
            self._declares_nothing()
        self._look_for_directives(start)
        event = self._event()
        if type(event) is ScalarEvent and event.tag is None:
            self._document.root = event.value  # whatever it is, it is no mapping
        else:
            self._document.root = self._value(event, 1)
        declares_nothing = is_empty(event)
        follower = self._skip_to_document()
        if follower is not None:
            self._second_document(follower)
        if declares_nothing:
            self._declares_nothing()

    def _skip_to_document(self) -> Event:
        while True:
            event = self._event()
            if type(event) is StreamEndEvent:
                return None
            if type(event) is DocumentStartEvent:
                return event

    def _look_for_directives(self, event: Event) -> None:
        # Only comments and directives can stand before the first `---`.
        directive = _DIRECTIVE.search(self._text, 0, event.end_mark.index)
        if directive:
            self._tell(
                "yaml/directive",
                mark(self._text.count("\n", 0, directive.start()), 0),
                "a line that begins with `%`",
            )

    def _declares_nothing(self) -> None:
        message = "the file declares nothing: it is empty, or has comments only"
        self._tell("yaml/declares-nothing", mark(0, 0), message)
        raise _StopReadingError

    def _second_document(self, event: Event) -> None:
        self._tell("yaml/second-document", self._mark(event.start_mark), "a second document begins")
        raise _StopReadingError

    # Values

    def _value(self, event: Event, depth: int) -> Value:
        kind = type(event)
        if kind is AliasEvent:
            return self._alias(event)
        if event.tag is not None:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            self._tell("yaml/tag", self._mark(event.start_mark), f"a tag: `{shown(tag)}`")
            self._document.faulty.add(self._mark(event.start_mark))
        anchor: str | None = event.anchor
        if anchor is None:
            return self._plain_value(event, kind, depth)
        return self._anchored(event, kind, depth, anchor)

    def _plain_value(self, event: Event, kind: type, depth: int) -> Value:
        if kind is ScalarEvent:
            return self._scalar(event)
        if depth > MAX_DEPTH:
            message = f"values are nested more than {MAX_DEPTH} deep"
            self._tell("yaml/too-deep", self._mark(event.start_mark), message)
            raise _StopReadingError
        return self._map(event, depth) if kind is MappingStartEvent else self._seq(event, depth)

    def _anchored(self, event: Event, kind: type, depth: int, anchor: str) -> Value:
        if anchor in self._anchors or anchor in self._open_anchors:
            message = f"the anchor `&{shown(anchor)}` is set twice"
            self._tell("yaml/anchor-twice", self._mark(event.start_mark), message)
        self._open_anchors.add(anchor)
        value = self._plain_value(event, kind, depth)
        self._open_anchors.discard(anchor)
        self._anchors[anchor] = (value, size(value))
        return value

    def _alias(self, event: Event) -> Value:
        at = self._mark(event.start_mark)
        anchor = event.anchor
        name = shown(anchor)
        self._alias_count += 1
        if self._alias_count > MAX_ALIASES:
            message = f"the file has more than {MAX_ALIASES} aliases"
            self._tell("yaml/too-many-aliases", at, message)
            raise _StopReadingError
        if anchor in self._open_anchors:
            self._tell("yaml/recursive-alias", at, f"`*{name}` stands within `&{name}` itself")
        elif anchor not in self._anchors:
            self._tell("yaml/undefined-alias", at, f"there is no `&{name}` above `*{name}`")
        else:
            value, size = self._anchors[anchor]
            self._aliased_values += size
            if self._aliased_values <= MAX_ALIASED_VALUES:
                return value
            message = f"the aliases stand for more than {MAX_ALIASED_VALUES:,} values"
            self._tell("yaml/alias-expansion", at, message)
            raise _StopReadingError
        self._document.faulty.add(at)
        return None

    def _scalar(self, event: Event) -> Value:
        text: str = event.value
        if event.style:
            if event.style == '"' or self._quoted is not None:
                self._note_quoted(event)
            return text
        if text in BOOLEANS:
            return BOOLEANS[text]
        meaning = other_meaning(text)
        if meaning is None or event.tag is not None:
            return text
        at = self._mark(event.start_mark)
        self._document.faulty.add(at)
        if not text:
            return None  # whoever holds it says so: it knows the key
        message = f"`{shown(text)}` without quotes is {meaning} to some readers of YAML"
        self._tell("yaml/ambiguous-scalar", at, message, what_to_write(text))
        return None if is_null(text) else text

    def _note_quoted(self, event: Event) -> None:
        if event.style == '"' and _SURROGATE.search(event.value):
            message = "half of a surrogate pair is not a character"
            self._tell("yaml/syntax", self._mark(event.start_mark), message)
            raise _StopReadingError
        if self._quoted is None:
            return
        if event.style in "|>":
            if "\t" in event.value:  # which is told as a tab
                self._document.faulty.add(self._mark(event.start_mark))
        else:
            start = self._text.find(event.style, event.start_mark.index)
            self._quoted.append((start, event.end_mark.index))

    def _seq(self, event: Event, depth: int) -> Seq:
        seq = Seq()
        seq.mark = self._mark(event.start_mark)
        seq.marks = marks = []
        depth += 1
        next_event = self._event
        while True:
            event = next_event()
            if type(event) is SequenceEndEvent:
                return seq
            start = event.start_mark
            at = (start.line + 1) << 32 | (start.column + 1)
            if is_plain_text(event):
                seq.append(event.value)
                marks.append(at)
                continue
            value = self._value(event, depth)
            if value is None and is_empty(event):
                at -= event.anchor is None  # the parser's mark is behind the dash
                self._document.faulty.add(at)
                self._tell("yaml/empty-value", at, "an item of this list has nothing in it")
            seq.append(value)
            marks.append(at)

    def _map(self, event: Event, depth: int) -> Map:
        found = Map()
        found.mark = begin = self._mark(event.start_mark)
        found.offsets = offsets = []
        found.is_whole = True
        found.has_odd_keys = False
        depth += 1
        next_event = self._event
        known = self._known_keys.get
        while True:
            event = next_event()
            if type(event) is MappingEndEvent:
                return found
            start = event.start_mark
            key_at = (start.line + 1) << 32 | (start.column + 1)
            if type(event) is ScalarEvent and not event.anchor and event.tag is None:
                key = known(event.value) or self._key(event, depth)
            else:
                key = self._key(event, depth)
            event = next_event()
            start = event.start_mark
            at = (start.line + 1) << 32 | (start.column + 1)
            value = event.value if is_plain_text(event) else self._value(event, depth)
            if key is None:
                found.is_whole = False
                found.has_odd_keys = True
                continue
            if value is None and is_empty(event):
                self._tell("yaml/empty-value", key_at, f"there is nothing after `{shown(key)}:`")
            if key in found:
                first = place(self._file, found.key_mark(key))
                message = f"`{shown(key)}` is written twice: first in line {first.line}"
                self._tell("yaml/duplicate-key", key_at, message)
                found.is_whole = False
                continue
            found[key] = value
            offsets.append(key_at - begin)
            offsets.append(at - begin)

    def _key(self, event: Event, depth: int) -> str | None:
        """The text of a key; None where it is none, which has been told then."""
        if type(event) is ScalarEvent and event.tag is None:
            text: str = event.value
            if event.style:
                self._note_quoted(event)
            elif text == "<<":
                message = "a merge key: `<<`"
                self._tell("yaml/merge-key", self._mark(event.start_mark), message)
                return None
            elif text in BOOLEANS or other_meaning(text):
                return self._no_key(event, f"`{shown(text)}`" if text else "nothing")
            if event.anchor:
                self._anchored(event, ScalarEvent, depth, event.anchor)
            self._known_keys[text] = text
            return text
        self._value(event, depth)
        if type(event) is AliasEvent:
            return self._no_key(event, "an alias")
        if event.tag is not None:
            return None  # the tag has been told
        return self._no_key(event, "a list" if type(event) is SequenceStartEvent else "a mapping")

    def _no_key(self, event: Event, what: str) -> str | None:
        self._tell("yaml/key-not-text", self._mark(event.start_mark), f"{what} is used as a key")
        return None

    # Telling

    def _mark(self, at: ParserMark) -> Mark:
        return mark(at.line, at.column)

    def _tell(self, rule: str, at: Mark, message: str, hint: str | None = None) -> None:
        if len(self._document.problems) > MAX_PROBLEMS:
            raise _StopReadingError
        self._document.problems.append(problem(rule, place(self._file, at), message, hint))

    def _tell_syntax(self, error: yaml.MarkedYAMLError) -> None:
        at: ParserMark = error.problem_mark or error.context_mark
        char = self._text[at.index : at.index + 1]
        fault = explain(error.problem or "", error.context or "", char)
        if fault.at_context and error.context_mark is not None:
            at = error.context_mark
        line, column = within(self._text, at.line, at.column, at.index)
        self._tell(fault.rule, mark(line, column), fault.message, fault.hint)

    def _tell_tabs(self) -> None:
        if self._quoted is not None:
            room = 1 + MAX_PROBLEMS - len(self._document.problems)
            end = self._reached[0].index if self._reached else 0
            tabs = tabs_outside(self._text, self._quoted, end)
            for line, column in islice(tabs, room):
                self._tell("yaml/tab", mark(line, column), "a tab outside quotes")


def _noting(parser: Parser, reached: list[ParserMark]) -> Callable[[], Event]:
    """The parser's next event; its end is noted in *reached*: tabs are looked for up to there."""

    # A method would tie the builder into a cycle, which stays in memory without the collector.
    def event() -> Event:
        found = parser.get_event()
        reached[:] = [found.end_mark]
        return found

    return event
