"""State files as people write them: any order, style and indentation, comments anywhere."""

from random import Random

from hypothesis import strategies as st

LOCAL_PARTS = ("no", "1e3", "jean.dupont", "contact", "-x", "010", "true", "zed", "a", "b-c")
TEXTS = (
    "Jean",
    "L'Été",
    "Dupont, Jean",
    "a: b",
    "x #y",
    "- dash",
    "true",
    "2024-01-01",
    "~",
    "[x]",
    "Zoé {DSI}",
    "non\u00a0breaking",
    "نام\u200cه",
    "\u200e",
    'say "hi"',
    "back\\slash",
    "@home",
    "*star",
    "key:",
    "?",
    "...",
    "---",
    "𝔸",
)
ADDRESSES = ("a@b.example", "devnull@devnull", "0@c.example", "x" * 70 + "@d.example")
HANDLES = ("ann", "ben", "cat", "yes", "0x1f")


class Chance(Random):
    """Chance as hypothesis gives it out: one number for a whole file, so that drawing is quick."""

    def some(self, options, most=None):
        """Any of *options*, each once, in any order."""
        return self.sample(options, self.randint(0, most or len(options)))

    def one_in(self, count):
        """True now and then."""
        return self.randrange(count) == 0

    def with_some(self, required, **optional):
        """The *required* fields and any of the *optional* ones."""
        return required | {key: value for key, value in optional.items() if self.one_in(2)}

    def shuffled(self, value):
        """The same document in any other order."""
        if isinstance(value, dict):
            pairs = self.sample(list(value.items()), len(value))
            return {key: self.shuffled(item) for key, item in pairs}
        if isinstance(value, list):
            return [self.shuffled(item) for item in self.sample(value, len(value))]
        return value


def document(chance):
    """A document of the right shape, as plain values."""
    users = [
        chance.with_some({"name": handle, "uuid": f"{number}" * 32}, email="a@b.example")
        for number, handle in enumerate(chance.some(HANDLES), 1)
    ]
    domains = [_domain(chance, name) for name in chance.some(["b.example", "a.example", "no"])]
    root = chance.with_some({}, users=users, domains=domains)
    return root or {"domains": domains}


def _domain(chance, name):
    def text():
        return chance.choice(TEXTS)

    return chance.with_some(
        {"name": name, "owners": chance.some(HANDLES)},
        context=text(),
        features=chance.some(["webmail", "mailbox", "alias"]),
        delivery="relay",
        disabled=chance.one_in(2),
        accesses=[{"user": handle, "role": "viewer"} for handle in chance.some(HANDLES)],
        mailboxes=[
            chance.with_some(
                {"local_part": part, "first_name": text(), "last_name": text()},
                display_name=text(),
                active=False,
            )
            for part in chance.some(LOCAL_PARTS, 4)
        ],
        aliases=[
            {"local_part": part, "destinations": chance.some(ADDRESSES) or ["a@b.example"]}
            for part in chance.some(LOCAL_PARTS, 4)
        ],
    )


class Pen:
    """Writes one document in a style of its own; `notes` are the comments it has left."""

    def __init__(self, chance, *, comments):
        self._chance = chance
        self._comments = comments
        self._count = 0
        self._is_below_text = False
        self.notes: list[str] = []

    def write(self, root):
        """The text of a file."""
        chance = self._chance
        start = chance.choice(["", "", "---\n", "--- # start\n", "# top\n\n", "# top\n---\n"])
        if not self._comments and "#" in start:
            start = ""
        self.notes += [line for line in ("# start", "# top") if line in start]
        text = start + "\n".join(self._mapping(root, 0)) + "\n"
        if chance.one_in(2):
            text += "".join(f"{line}\n" for line in self._alone(0))
        return text.replace("\n", chance.choice(["\n", "\n", "\r\n"]))

    def _note(self):
        self._count += 1
        note = (
            f"# note {self._count} {self._chance.choice(['', '#x', '- a: b', '{', '…'])}".rstrip()
        )
        self.notes.append(note)
        return note

    def _alone(self, indent):
        lines = []
        if self._comments and self._chance.one_in(5):
            for _ in range(self._chance.randint(1, 2)):
                # Further to the right, it would go on with a block text above it.
                pad = (
                    0
                    if self._is_below_text
                    else self._chance.choice([indent, indent, 0, indent + 3])
                )
                lines.append(" " * pad + self._note())
                lines += self._chance.choice([[], [], [""]])
        elif self._chance.one_in(10):
            lines.append("")
        return lines

    def _beside(self):
        wanted = self._comments and self._chance.one_in(5)
        return f" {self._note()}" if wanted else ""

    def _scalar(self, value):
        if isinstance(value, bool):
            return str(value).lower()
        styles = ["'"]
        if value.isprintable() or "\u200c" in value:
            if value.isidentifier() and value.isascii() and value not in {"no", "true", "yes"}:
                styles.append("")
        else:
            styles = ['"']
        style = self._chance.choice([*styles, '"'])
        if style == '"':
            body = value.replace("\\", "\\\\").replace('"', '\\"')
            return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in body) + '"'
        return style + (value.replace("'", "''") if style else value) + style

    def _mapping(self, value, indent, first=""):
        lines = []
        for number, (key, item) in enumerate(value.items()):
            lead = first if first and not number else " " * indent
            if not (first and not number):
                lines += self._alone(indent)
            lines += self._field(f"{lead}{key}:", item, indent)
        return lines

    def _field(self, start, item, indent):
        self._is_below_text = False
        if not isinstance(item, list):
            return self._block_text(start, item, indent) or [
                f"{start} {self._scalar(item)}{self._beside()}"
            ]
        if not item or self._chance.one_in(2):
            return self._flow(start, item, indent)
        below = indent + self._chance.choice([0, 1, 2, 4])
        lines = [start + self._beside()]
        for entry in item:
            lines += self._alone(below)
            if not isinstance(entry, dict):
                lines.append(f"{' ' * below}- {self._scalar(entry)}{self._beside()}")
            elif self._chance.one_in(2):
                lines += self._flow(" " * below + "-", entry, below)
            else:
                lines += self._mapping(entry, below + 2, first=" " * below + "- ")
        return lines

    def _block_text(self, start, item, indent):
        is_sound = isinstance(item, str) and item.isalpha()
        if not is_sound or not self._chance.one_in(10):
            return None
        self._is_below_text = True
        return [f"{start} |-{self._beside()}", " " * (indent + 2) + item]

    def _flow(self, start, item, indent):
        """Between brackets, on one line or many."""
        pieces = list(self._pieces(item))
        lines = [start]
        for number, piece in enumerate(pieces):
            glue = " " if not number else ""
            lines[-1] += glue + piece
            if piece in "[{," and self._chance.one_in(4):
                lines[-1] += self._beside()
                lines += self._alone(indent + 2)
                lines.append(" " * (indent + 2))
        lines[-1] += self._beside()
        return [line for line in lines if line]

    def _pieces(self, value):
        if isinstance(value, dict):
            yield "{"
            for number, (key, item) in enumerate(value.items()):
                if number:
                    yield ","
                yield f" {key}: "
                yield from self._pieces(item)
            yield "}"
        elif isinstance(value, list):
            yield "["
            for number, item in enumerate(value):
                if number:
                    yield ","
                yield " "
                yield from self._pieces(item)
            yield "]"
        else:
            yield self._scalar(value)


chances = st.integers(0, 2**32).map(Chance)
