"""What a browser makes of a view: elements with their attributes, and the text within them."""

from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

VOID = {"br", "hr", "img", "input", "link", "meta", "path", "rect", "circle", "line", "use", "col"}


@dataclass
class Element:
    """One element; `path` are the names of those around it, `whole` is all text within it."""

    name: str
    attributes: dict[str, str | None]
    path: tuple[str, ...] = ()
    texts: list[str] = field(default_factory=list)
    wholes: list[str] = field(default_factory=list)

    @property
    def text(self):
        """What stands in it directly."""
        return "".join(self.texts)

    @property
    def whole(self):
        """What stands in it and below."""
        return "".join(self.wholes)


class Page(HTMLParser):
    """All elements of a document, whose marks must be in balance."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.elements = [Element("", {})]
        self.comments: list[str] = []
        self._open = [self.elements[0]]
        self.feed(text)
        self.close()
        assert len(self._open) == 1, [element.name for element in self._open]

    def handle_starttag(self, tag, attrs):
        assert len(dict(attrs)) == len(attrs), attrs
        path = tuple(element.name for element in self._open[1:])
        element = Element(tag, dict(attrs), path)
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag, attrs):
        path = tuple(element.name for element in self._open[1:])
        self.elements.append(Element(tag, dict(attrs), path))

    def handle_endtag(self, tag):
        assert tag == self._open[-1].name, (tag, [element.name for element in self._open])
        self._open.pop()

    def handle_data(self, data):
        self._open[-1].texts.append(data)
        for element in self._open:
            element.wholes.append(data)

    def handle_comment(self, data):
        self.comments.append(data)

    def unknown_decl(self, data):
        pytest.fail(f"a declaration in the text: {data!r}")

    def handle_pi(self, data):
        pytest.fail(f"an instruction in the text: {data!r}")

    def named(self, *names):
        """Give the elements that are called so."""
        return [element for element in self.elements if element.name in names]

    def shape(self, *, but=()):
        """Count what there is, with its attributes' names and what it stands in."""
        return Counter(
            (element.name, tuple(sorted(element.attributes)), element.path)
            for element in self.elements
            if element.name not in but
        )


def by_markdown_it(text):
    """Give what a parser of CommonMark with GitHub's tables makes of *text*."""
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    return Page(parser.render(text))


def by_github(text):
    """Give what GitHub's own parser makes of *text*, links that it finds by itself included."""
    cmarkgfm = pytest.importorskip("cmarkgfm", reason="GitHub's parser is not installed here")
    options = cmarkgfm.cmark.Options
    flags = options.CMARK_OPT_UNSAFE | options.CMARK_OPT_FOOTNOTES
    return Page(cmarkgfm.github_flavored_markdown_to_html(text, options=flags))


PARSERS = (by_markdown_it, by_github)
