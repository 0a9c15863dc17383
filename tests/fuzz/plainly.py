"""Texts that the scanner may take, and many that only look like it."""

from random import Random

SCALARS = (
    *("x", "x y", "x  y", "x ", "5e0c2f6e-3c1b", "Yann Y", "No way", "true x", "Été à", "𝒳", "x\\"),
    *("true", "false", "no", "n", "Y", "off ", "on", "~", "~x", "null", "1", "12:30", "0x1", ".5"),
    *(
        "2001-01-01",
        "2001-01-01 x",
        "1a",
        "+1",
        "+x",
        "=",
        "=x",
        "<<",
        "<<x",
        "...",
        "---",
        "--- x",
    ),
    *("-", "-x", "- x", "?", "? x", "?x", ":", ":x", "x:y", "x: y", "x:", "x #y", "x#y", "# c"),
    *(
        "'a'",
        "''",
        "'a''b'",
        "'",
        "'a' b",
        "'a'b",
        "'a' # c",
        '"a"',
        '""',
        '"a\\n"',
        '"a" b',
        "it's",
    ),
    *("&a x", "*a", "!t x", "|", "> ", "%x", "@x", "`x", "\u00a0", "x\u00a0", "\t", "x\ty", "x\r"),
    *("a,b", "a]b", "a}", "x\u2028y", "x\x85y"),
)
BRACKETS = (
    *(
        "[]",
        "[a, b]",
        "[ a , b ]",
        "[a,b,]",
        "[a,,b]",
        "[,]",
        "[a: b]",
        "[a #c]",
        "[a] # c",
        "[a]#c",
    ),
    *(
        "[a] b",
        "[no]",
        "[x, 1]",
        "[true, false]",
        "[true x]",
        "[[[a]], b]",
        "[a",
        "a]",
        "['a', \"b\"]",
    ),
    *(
        "['a'b]",
        "[it's]",
        "[-]",
        "[-a]",
        "[- a]",
        "[?a]",
        "[a?]",
        "[a:b]",
        "[a:]",
        "[=]",
        "[a  b ]",
    ),
    *(
        "{}",
        "{a: b}",
        "{ a: b , }",
        "{a: b,c: d}",
        "{a: b, a: c}",
        "{a: [b, {c: d}]}",
        "{a:b}",
        "{a: }",
    ),
    *(
        "{a}",
        "{no: x}",
        "{a: true, b: 'x'}",
        "{a: b",
        "{a: b}}",
        "{'a': b}",
        "{? a: b}",
        "{a: b: c}",
    ),
)
KEYS = (
    *("no", "true", "A", "a_b", "a-b", "1", "'a'", '"a"', "<<", "?", "a b", "é", "_", "null"),
    *("k" * 64, "k" * 65, "[a]", "{a: b}"),
)
NAMES = ("a", "b", "c", "d_e", "name", "local_part")
VALUES = ("x", "x y", "Noé", "Yann", "true", "'q'", "[a, b]", "{a: b}", "x # c", "5e0c", "x")
STARTS = (
    "",
    "",
    "",
    "---\n",
    "# c\n---\n",
    "--- # c\n",
    "---\n---\n",
    "%YAML 1.1\n---\n",
    "--- a\n",
)
ENDS = (*["\n"] * 9, "", "\n\n", "\n...\n", "\n---\n", "\n# c")
STRAYS = (
    " ",
    "  ",
    ":",
    "#",
    "-",
    "'",
    '"',
    ",",
    "]",
    "{",
    ": ",
    " #",
    "- ",
    "\t",
    "é",
    "&",
    "\u2028",
)


def lines(chance: Random) -> bytes:
    """A few lines, each of which could stand in a state file."""
    rows = (_line(chance) for _ in range(chance.choice((1, 1, 2, 2, 3, 4))))
    return _text(chance, "\n".join(rows))


def block(chance: Random) -> bytes:
    """Mappings and lists within one another, now and then with an oddity."""
    rows = _mapping(chance, 0, 0)
    for _ in range(chance.choice((0, 0, 0, 1, 2))):
        at = chance.randrange(len(rows))
        row = rows[at]
        match chance.randrange(6):
            case 0 if len(rows) > 1:
                del rows[at]
            case 1:
                rows.insert(at, chance.choice(rows))
            case 2:
                rows[at] = f"{' ' * chance.randint(1, 2)}{row}"
            case 3:
                rows[at] = row[chance.randint(1, 2) :]
            case 4:
                rows.insert(at, _line(chance))
            case _:
                cut = chance.randrange(len(row) + 1)
                rows[at] = row[:cut] + chance.choice(STRAYS) + row[cut + chance.randint(0, 1) :]
    return _text(chance, "\n".join(rows))


def _text(chance: Random, rows: str) -> bytes:
    text = chance.choice(STARTS) + rows + chance.choice(ENDS)
    line_end = "\n" if chance.random() < 0.9 else "\r\n"
    return text.replace("\n", line_end).encode()


def _line(chance: Random) -> str:
    start = " " * chance.choice((0, 0, 0, 0, 0, 0, 1, 2, 4))
    start += chance.choice(("", "", "", "", "", "- ", "- ", "-", "- - ", "-  "))
    match chance.randrange(12):
        case 0:
            return start + chance.choice(("# c", "", "#", "# - a: b"))
        case 1:
            return start + chance.choice(SCALARS + BRACKETS)
        case 2 | 3:
            return f"{start}{chance.choice(NAMES)}:{chance.choice(('', '', ' ', ' # c', '#c'))}"
        case 4:
            return f"{start}{chance.choice(KEYS)}: {chance.choice(VALUES)}"
        case _:
            value = chance.choice(chance.choice((SCALARS, BRACKETS, VALUES, VALUES)))
            return f"{start}{chance.choice(NAMES)}:{chance.choice((' ', ' ', '  ', ''))}{value}"


def _mapping(chance: Random, indent: int, depth: int) -> list[str]:
    rows = []
    for key in chance.sample(NAMES, chance.randint(1, len(NAMES))):
        start = f"{' ' * indent}{key}:"
        kind = 9 if depth > 1 else chance.randrange(10)
        if kind < 2:
            rows.append(start + chance.choice(("", "", " # c")))
            rows += _mapping(chance, indent + chance.choice((1, 2, 2, 4)), depth + 1)
        elif kind < 5:
            rows.append(start)
            rows += _list(chance, indent + chance.choice((0, 2, 2, 4)), depth + 1)
        else:
            odd = chance.random() < 0.01
            rows.append(f"{start} {chance.choice(SCALARS + BRACKETS if odd else VALUES)}")
        if kind == 0:
            rows.append(" " * chance.randint(0, 8) + chance.choice(("", "# c")))
    return rows


def _list(chance: Random, indent: int, depth: int) -> list[str]:
    rows = []
    for _ in range(chance.randint(1, 4)):
        dash = f"{' ' * indent}- "
        if chance.randrange(3):
            first, *more = _mapping(chance, indent + 2, depth)
            rows += [dash + first[indent + 2 :], *more]
        else:
            rows.append(dash + chance.choice(VALUES))
    return rows
