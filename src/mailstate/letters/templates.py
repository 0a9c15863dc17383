"""
The texts of the letters: those that come with mailstate, or those of a directory instead.

A letter is two files, `NAME.LANGUAGE.txt` and `NAME.LANGUAGE.html`. The first line of the `.txt`
file is the subject, the second is empty. The `.html` file holds what stands within `layout.html`,
which all letters share (`$content`) and which may be replaced alone. Placeholders are written
`$address` or `${address}`, a dollar sign `$$`; `PLACEHOLDERS` says which letter knows which.

Everything is read and checked at the start: a letter that would fail is found before a mailbox
is made for it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template

from mailstate.errors import SettingsError
from mailstate.letters.addresses import shown
from mailstate.letters.exposure import is_exposed_in_page, is_exposed_in_text

_MAX_BYTES = 256 * 1024
_MAX_SUBJECT = 200
_LAYOUT = "layout.html"


class Language(StrEnum):
    """The languages of the letters."""

    FR = "fr"
    EN = "en"


class Letter(StrEnum):
    """The letters, named as their files."""

    LINK = "confirmation-link"
    PASSWORD = "confirmation-password"  # noqa: S105 - the name of a letter
    ENABLED = "domain-enabled"
    ACTION_REQUIRED = "domain-action-required"
    FAILED = "domain-failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """One letter in one language."""

    subject: Template
    text: Template
    html: Template


@dataclass(frozen=True, slots=True, kw_only=True)
class Templates:
    """All letters, and the layout of their HTML."""

    letters: Mapping[tuple[Letter, Language], Texts]
    layout: Template


@dataclass(frozen=True, slots=True)
class Placeholders:
    """What a text must hold to be of use, and what else it may hold."""

    required: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()


PLACEHOLDERS: Mapping[Letter, Placeholders] = {
    Letter.LINK: Placeholders(
        frozenset({"address", "link", "validity"}), frozenset({"greeting", "help", "webmail"})
    ),
    Letter.PASSWORD: Placeholders(
        frozenset({"address", "password", "webmail"}), frozenset({"greeting", "help"})
    ),
    Letter.ENABLED: Placeholders(frozenset({"domain"})),
    Letter.ACTION_REQUIRED: Placeholders(frozenset({"domain", "problems", "records"})),
    Letter.FAILED: Placeholders(frozenset({"domain"}), frozenset({"problems"})),
}
"""What both halves of each letter know."""

# No secret belongs into a subject: programs show it on locked screens.
_IN_SUBJECTS = frozenset({"address", "domain"})
_IN_LAYOUT = Placeholders(frozenset({"content"}), frozenset({"language", "subject"}))

_SECRETS = {Letter.LINK: "link", Letter.PASSWORD: "password"}
_MARK = "\ue000\uf8ff\ue000"
"""Stands for a secret while templates are checked; a template holds no such signs of its own."""


def read_templates(directory: Path | None = None) -> Templates:
    """
    Read the texts that come with mailstate, and those in *directory* that replace them.

    Raises `SettingsError` with all that is wrong: what cannot be read, a file that is no template,
    half a letter, a placeholder that is unknown or missing.
    """
    reader = _Reader(directory)
    templates = Templates(
        letters={
            (letter, language): reader.letter(letter, language)
            for letter in Letter
            for language in Language
        },
        layout=reader.layout(),
    )
    reader.check_secrets(templates)
    if reader.faults:
        raise SettingsError(
            "the templates of the letters cannot be used:"
            + "".join(f"\n  {fault}" for fault in reader.faults),
            hint="correct these files; one that is taken away is replaced by mailstate's own",
        )
    return templates


class _Reader:
    """Reads templates and notes in `faults` what is wrong with them."""

    def __init__(self, directory: Path | None) -> None:
        self.faults: list[str] = []
        self._shipped: Traversable = resources.files("mailstate.letters") / "templates"
        self._directory = directory
        self._replaced = frozenset[str]() if directory is None else self._names(directory)

    def _names(self, directory: Path) -> frozenset[str]:
        """The names of the templates in *directory*; what only looks like one is a fault."""
        try:
            found = {path.name for path in directory.iterdir() if not path.name.startswith(".")}
        except OSError as error:
            self.faults.append(f"{_said(directory)}: cannot be read ({error.strerror})")
            return frozenset()
        pairs = [
            (f"{letter}.{language}.txt", f"{letter}.{language}.html")
            for letter in Letter
            for language in Language
        ]
        known = sorted({_LAYOUT, *(name for pair in pairs for name in pair)})
        for name in sorted(found.difference(known)):
            if name.endswith((".txt", ".html")):
                near = get_close_matches(name, known, n=1)
                meant = f"; did you mean `{near[0]}`?" if near else ""
                self.faults.append(f"{_said(directory / name)}: no letter has this name{meant}")
        for pair in pairs:
            missing = [name for name in pair if name not in found]
            if len(missing) == 1:
                self.faults.append(
                    f"{_said(directory / missing[0])}: missing; a letter is a .txt and a .html file"
                )
                found.difference_update(pair)
        return frozenset(found)

    def letter(self, letter: Letter, language: Language) -> Texts:
        """The texts of *letter* in *language*."""
        name = f"{letter}.{language}"
        known = PLACEHOLDERS[letter]
        text, html = self._read(f"{name}.txt"), self._read(f"{name}.html")
        subject, _, body = (text or "").partition("\n")
        if text is not None:
            if not subject.strip() or len(subject) > _MAX_SUBJECT or not body.startswith("\n"):
                self.faults.append(
                    f"{self._place(f'{name}.txt')}:1: the first line must be the subject"
                    f" (to {_MAX_SUBJECT} characters), the second empty"
                )
            every = known.required | known.optional
            in_subject = Placeholders(optional=every & _IN_SUBJECTS)
            self._check(f"{name}.txt", subject, in_subject)
            self._check(f"{name}.txt", f"\n{body}", known)  # so the lines keep their numbers
        if html is not None:
            self._check(f"{name}.html", html, known)
        return Texts(
            subject=Template(subject.strip()),
            text=Template(body.strip("\n") + "\n"),
            html=Template((html or "").strip("\n")),
        )

    def layout(self) -> Template:
        """What the HTML of all letters stands in."""
        text = self._read(_LAYOUT)
        if text is not None:
            self._check(_LAYOUT, text, _IN_LAYOUT)
        return Template(text or "")

    def check_secrets(self, templates: Templates) -> None:
        """Note where a secret would not be read by the holder alone."""
        if is_exposed_in_page(templates.layout.safe_substitute(content=f" {_MARK} "), _MARK):
            where = "must stand in the text of the page, not in a tag or a comment"
            self.faults.append(f"{self._place(_LAYOUT)}: `$content` {where}")
        for (letter, language), texts in templates.letters.items():
            secret = _SECRETS.get(letter)
            if secret is None:
                continue
            content = texts.html.safe_substitute({secret: _MARK})
            page = templates.layout.safe_substitute(content=content)
            text = texts.text.safe_substitute({secret: _MARK})
            exposed = {
                "txt": is_exposed_in_text(text, _MARK),
                "html": is_exposed_in_page(page, _MARK, is_link=letter is Letter.LINK),
            }
            self.faults += (
                f"{self._place(f'{letter}.{language}.{suffix}')}: `${secret}` must stand by itself"
                " in what is read: within a web address it would go to somebody else"
                for suffix, is_exposed in exposed.items()
                if is_exposed
            )

    def _file(self, name: str) -> Traversable:
        if self._directory is not None and name in self._replaced:
            return self._directory / name
        return self._shipped / name

    def _place(self, name: str) -> str:
        return _said(self._file(name))

    def _read(self, name: str) -> str | None:
        file = self._file(name)
        try:
            if not file.is_file():  # opening a pipe would wait for whoever writes into it
                self.faults.append(f"{_said(file)}: is no regular file")
                return None
            with file.open("rb") as stream:
                data = stream.read(_MAX_BYTES + 1)
            text = data.decode("utf-8-sig")
        except OSError as error:
            self.faults.append(f"{_said(file)}: cannot be read ({error.strerror})")
            return None
        except UnicodeDecodeError:
            self.faults.append(f"{_said(file)}: is not UTF-8")
            return None
        if len(data) > _MAX_BYTES:
            self.faults.append(f"{_said(file)}: is larger than {_MAX_BYTES // 1024} KiB")
            return None
        return text.replace("\r\n", "\n")

    def _check(self, name: str, text: str, known: Placeholders) -> None:
        """Note what is wrong with the placeholders of *text*."""
        place = self._place(name)
        every = sorted(known.required | known.optional)
        used = set()
        for line, word in _used(text):
            if word is None:
                fault = "a `$` that begins no placeholder; the sign itself is written `$$`"
                self.faults.append(f"{place}:{line}: {fault}")
            elif word not in every:
                near = get_close_matches(word.lower(), every, n=1)
                rest = f"did you mean `${near[0]}`?" if near else f"known: {', '.join(every)}"
                self.faults.append(f"{place}:{line}: `${word}` is no placeholder here; {rest}")
            used.add(word)
        self.faults += (f"{place}: `${word}` is missing" for word in sorted(known.required - used))


def _used(text: str) -> Iterator[tuple[int, str | None]]:
    """Each placeholder with its line; None for a dollar sign that begins none."""
    for found in Template.pattern.finditer(text):
        if found["escaped"] is None:
            line = text.count("\n", 0, found.start()) + 1
            yield line, found["named"] or found["braced"]


def _said(file: Traversable) -> str:
    return shown(str(file))
