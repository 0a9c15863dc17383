"""
Which plain scalars mean the same to every reader of YAML.

A value without quotes is text, unless YAML 1.1 (type repository, yaml.org/type) or YAML 1.2 (§10.3,
core schema) lets a reader take it for something else: then it must be quoted. Only `true` and
`false` are booleans.
"""

import re

BOOLEANS = {"true": True, "false": False}

_TRUE = frozenset({"y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "True", "TRUE"})
_FALSE = frozenset({"n", "N", "no", "No", "NO", "off", "Off", "OFF", "False", "FALSE"})
_NULL = frozenset({"~", "null", "Null", "NULL", ""})

# Whatever else may be ambiguous begins with one of these.
_FIRST = frozenset("0123456789+-.=<")

_NUMBER = re.compile(
    r"""
      [-+]?0b[01_]+                                               # 1.1: binary
    | [-+]?0o[0-7_]+                                              # 1.2: octal
    | [-+]?0x[0-9a-fA-F_]+                                        # hexadecimal
    | [-+]?[0-9][0-9_]*                                           # whole numbers, octal in 1.1
    | [-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?                # 1.1: to the base of 60
    | [-+]?([0-9][0-9_]*)?\.[0-9._]*([eE][-+]?[0-9]+)?            # with a decimal point
    | [-+]?[0-9][0-9_]*[eE][-+]?[0-9]+                            # 1.2: 1e3
    | [-+]?\.(inf|Inf|INF)
    | \.(nan|NaN|NAN)
    """,
    re.VERBOSE,
)
_TIMESTAMP = re.compile(
    r"""
      [0-9]{4}-[0-9][0-9]?-[0-9][0-9]?
      ( ([Tt]|[ \t]+) [0-9][0-9]?:[0-9]{2}:[0-9]{2} (\.[0-9]*)?
        ([ \t]*(Z|[-+][0-9][0-9]?(:?[0-9]{2})?))? )?
    """,
    re.VERBOSE,
)

WORDS = frozenset(filter(str.isalpha, _TRUE | _FALSE | _NULL | BOOLEANS.keys()))
"""The words that are, or to some reader may be, no text."""

SUSPECT = _FIRST | {word[0] for word in WORDS | {"~"}}
"""What a plain scalar begins with that may be something else than text."""


def other_meaning(text: str) -> str | None:
    """What some YAML reader takes the plain scalar *text* for, if not for text."""
    if text in _TRUE or text in _FALSE:
        return "a boolean"
    if text in _NULL:
        return "nothing at all"
    if text[0] not in _FIRST:
        return None
    if _NUMBER.fullmatch(text):
        return "a number"
    if _TIMESTAMP.fullmatch(text):
        return "a date"
    if text in {"=", "<<"}:
        return "a sign with a meaning of its own"
    return None


def is_null(text: str) -> bool:
    """Whether the plain scalar *text* says that there is nothing."""
    return text in _NULL


def what_to_write(text: str) -> str:
    """What to write in the place of the plain scalar *text*, which has another meaning."""
    if text in _TRUE or text in _FALSE:
        boolean = "true" if text in _TRUE else "false"
        return f"write `{boolean}` if a boolean is meant, or `'{text}'` if it is text"
    if text in _NULL:
        return f"leave the entry out, or write `'{text}'` if it is text"
    return f"write `'{text}'`"
