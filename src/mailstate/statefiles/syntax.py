"""What libyaml, or PyYAML's own parser, stumbles over: said in our words, with a remedy."""

from dataclasses import dataclass

# (words in the parser's problem, what is wrong, what to do), the first that fits.
_WORDS = (
    (
        ("mapping values are not allowed",),
        "a `: ` stands where no value can begin",
        "put the text in quotes if the colon belongs to it, else mend the indentation",
    ),
    (
        ("sequence entries are not allowed",),
        "a `- ` stands where no list can begin",
        "put the list on a line of its own, or the text in quotes",
    ),
    (
        ("mapping keys are not allowed",),
        "a `? ` stands where no key can begin",
        "write `key: value`",
    ),
    (
        ("that cannot start any token",),
        "no value can begin with this character",
        "put the text in quotes",
    ),
    (
        ("unknown escape", "hexdec", "hexadecimal numbers", "escape code"),
        "a backslash in double quotes with something after it that is no escape",
        "double the backslash, or use single quotes",
    ),
    (
        ("document indicator", "document separator"),
        "a text in quotes goes on over `---` or `...`",
        "close the quotes",
    ),
    (
        ("',' or ']'",),
        "a list in brackets is not closed, or lacks a comma",
        "write a comma between items and `]` at the end",
    ),
    (
        ("',' or '}'",),
        "a mapping in braces is not closed, or lacks a comma",
        "write a comma between entries and `}` at the end",
    ),
    (
        (
            "indentation indicator",
            "comment or line break",
            "comment or a line break",
            "chomping or indentation",
        ),
        "something stands after `|` or `>` that does not belong there",
        "begin the text on the next line, further to the right",
    ),
    (
        ("document start",),
        "the document has ended, and something follows",
        "mend the indentation, or remove what stands after `...`",
    ),
    (
        ("node content",),
        "a value should stand here and there is none",
        "write the value, or close the brackets",
    ),
    (
        ("expected key", "'-' indicator", "block end"),
        "this line does not fit what stands above it",
        "give it the indentation of its neighbours, or put the whole text in quotes",
    ),
    (
        ("alphabetic or numeric",),
        "`&` or `*` without a name",
        "put the text in quotes, or name the anchor",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Why a parser stopped; `at_context` is true if the beginning of the thing is the place."""

    rule: str
    message: str
    hint: str | None = None
    at_context: bool = False


def explain(problem: str, context: str, char: str) -> Fault:
    """The parser's *problem* and *context* in our words; *char* is what stands at the place."""
    if char == "\t" or "tab character" in problem:
        return Fault(rule="yaml/tab", message="a tab outside quotes")
    if "directive" in context or "directive" in problem or "incompatible YAML" in problem:
        return Fault(rule="yaml/directive", message="a line that begins with `%`", at_context=True)
    if context.endswith(" tag") or "tag" in problem.split():
        return Fault(rule="yaml/tag", message="a tag (`!`), and one that cannot be read")
    if "quoted scalar" in context and "end of stream" in problem:
        return Fault(
            rule="yaml/syntax",
            message="a text in quotes begins here and does not end",
            hint="close the quotes",
            at_context=True,
        )
    if "could not find expected ':'" in problem:
        return Fault(
            rule="yaml/syntax",
            message="a line that is neither `key: value` nor part of a list",
            hint="add the colon and a blank after the key, or mend the indentation",
            at_context=True,
        )
    if not char and "node content" in problem:
        return Fault(
            rule="yaml/syntax",
            message="the file ends within brackets or braces",
            hint="close the brackets or braces",
        )
    for words, message, hint in _WORDS:
        if any(word in problem for word in words):
            # At the end of the file, only the beginning of what is not closed helps.
            return Fault(rule="yaml/syntax", message=message, hint=hint, at_context=not char)
    return Fault(rule="yaml/syntax", message="from here on the file is not YAML")
