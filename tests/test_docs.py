"""The documentation: links that lead somewhere, commands that there are, references that hold."""

import re
import shlex

import click
import pytest

from mailstate.cli.main import mailstate
from mailstate.planning.plan import HoldReason
from scripts.reference import FOLDER, HELP, PAGES, help_text
from tests.pages import ROOT, commands

README = ROOT / "README.md"
DOCS = sorted((ROOT / "docs").rglob("*.md"))
EVERY_PAGE = [README, *DOCS]
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def name(page):
    """Give how a *page* is called in the names of tests."""
    return str(page.relative_to(ROOT))


def read(page):
    """Give the text of *page*."""
    return page.read_text(encoding="utf-8")


def prose(page):
    """Give the text of *page* without its blocks of code."""
    return _FENCE.sub("", read(page))


def anchors(page):
    """Give what a link into *page* may name: its headings, as forges spell them."""
    found: list[str] = []
    for heading in re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE):
        words = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        found.append(words if words not in found else f"{words}-{found.count(words)}")
    return set(found)


def command_lines(page):
    """Give each command line of *page* that begins with `mailstate`, in blocks and in sentences."""
    text = read(page)
    for command in commands(text):
        for line in re.split(r"[;|]|&&|\n", command.text):
            words = line.strip()
            yield re.sub(r"^(?:\w+=\S* )+", "", words)
    yield from re.findall(r"`(mailstate [^`]+)`", prose(page))


LINES = sorted(
    {
        (name(page), line)
        for page in EVERY_PAGE
        for line in command_lines(page)
        if re.match(r"mailstate\b", line)
    }
)


@pytest.mark.parametrize("page", EVERY_PAGE, ids=name)
def test_each_link_leads_somewhere(page):
    """
    To a file of this repository, and to a heading that it has.
    """
    links = [link for link in _LINK.findall(prose(page)) if "://" not in link]

    for link in links:
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("page", DOCS, ids=name)
def test_each_page_can_be_found(page):
    """
    From the README, by way of other pages.
    """
    reached, left = set(), [README]
    while left:
        here = left.pop()
        if here in reached or here.suffix != ".md":
            continue
        reached.add(here)
        links = (link.partition("#")[0] for link in _LINK.findall(prose(here)) if "://" not in link)
        left += [(here.parent / link).resolve() for link in links if link]

    assert page in reached


def as_typed(line):
    """Give what might be typed where *line* tells choices, optional words and values left out."""
    line = re.sub(r" 2?>&?.*$", "", line.replace("\\|", "|").replace("…", "x"))
    line = re.sub(r"[\[\]]", "", line)
    choices = re.search(r"[\w-]+(?: [A-Z]+)?(?:\|[\w-]+(?: [A-Z]+)?)+", line)
    if not choices:
        return [line]
    return [line.replace(choices[0], choice) for choice in choices[0].split("|")]


def parse(line):
    """Read a command *line* as click would; arguments that are required may be left out here."""
    words = shlex.split(line)[1:]
    command: click.Command = mailstate
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        below = command.get_command(click.Context(command), words[0])
        assert below, f"there is no command {words[0]}"
        command, words = below, words[1:]
    if isinstance(command, click.Group):
        assert set(words) <= {"--help", "-h", "--version"}
        return
    context = click.Context(command, **mailstate.context_settings)
    values, left, parameters = command.make_parser(context).parse_args(words)
    assert [] == left
    for parameter in parameters:
        value = values.get(parameter.name or "")
        if isinstance(value, str) and isinstance(parameter.type, click.Choice):
            parameter.type_cast_value(context, value)


@pytest.mark.parametrize(("page", "line"), LINES)
def test_each_command_line_can_be_typed(page, line):
    """
    Command, options and choices exist, also where the line is not run.
    """
    for typed in as_typed(line):
        try:
            parse(typed)
        except click.BadOptionUsage:
            assert typed == line  # a sentence may name an option without its value
        except click.ClickException as error:
            pytest.fail(f"{page}: {typed}: {error.format_message()}")


@pytest.mark.parametrize(
    "line",
    [
        "mailstate aply",
        "mailstate plan --prunes accesses",
        "mailstate plan --format pdf",
        "mailstate sandbox start|stopp",
        "mailstate apply a.json b.json",
    ],
)
def test_a_command_line_that_cannot_be_typed_is_noticed(line):
    """
    Or the test above would be worth nothing.
    """
    with pytest.raises((click.ClickException, AssertionError)):
        parse(as_typed(line)[-1])


@pytest.mark.parametrize("page", PAGES)
def test_the_reference_is_what_the_code_says(page):
    """
    `make docs` writes it.
    """
    assert PAGES[page]() == read(FOLDER / page)


def test_the_written_help_is_what_the_code_says():
    """
    `make docs` writes it.
    """
    assert help_text() == read(HELP)


def test_the_reference_has_no_other_page():
    """
    One that nothing writes would grow old.
    """
    assert set(PAGES) == {path.name for path in FOLDER.iterdir()}


def test_the_site_has_each_page():
    """
    In its navigation; the README of the repository is its handbook.
    """
    pages = re.findall(r"^ +- (?:[^:\n]*: )?([\w/-]+\.md)", read(ROOT / "mkdocs.yml"), re.MULTILINE)

    assert sorted(pages) == sorted(
        ["handbook.md", *(str(page.relative_to(ROOT / "docs")) for page in DOCS)]
    )


def test_what_makes_the_site_is_locked_beside_all_else():
    """
    The same versions where both need a package, each with its hashes, and no host.
    """
    docs, tested = (
        dict(re.findall(r"^([\w.-]+)==(\S+) \\\n +--hash=sha256:", read(ROOT / name), re.MULTILINE))
        for name in ("requirements-docs.lock", "requirements.lock")
    )

    assert "mkdocs-material" in docs
    assert {name: tested[name] for name in docs if name in tested} == {
        name: version for name, version in docs.items() if name in tested
    }
    assert not re.search(r"://|--(extra-)?index-url", read(ROOT / "requirements-docs.lock"))


@pytest.mark.parametrize("reason", HoldReason)
def test_each_reason_to_wait_is_explained(reason):
    """
    With who must act.
    """
    assert re.search(
        rf"^\| `{reason}` \| \w", read(ROOT / "docs/explanation/holds.md"), re.MULTILINE
    )


@pytest.mark.parametrize("page", EVERY_PAGE, ids=name)
def test_no_page_names_a_place_on_somebodys_machine(page):
    """
    Nor a port that some sandbox has had once.
    """
    text = read(page)
    places = re.findall(r"(?<![\w.~*-])/(?:home|Users|root|tmp|work|var|private)/\w+", text)
    hosts = re.findall(r"127\.0\.0\.1:\d+", text)

    assert [] == places
    assert page == README or [] == hosts
