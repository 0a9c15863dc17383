"""
Where in a letter a secret may stand: where its reader sees it, and nobody else is told.

Mail programs fetch pictures and follow links: what stands in such an address goes to its host.
Templates are written by people who may not think of that, or who may mean it.
"""

import re
from html.parser import HTMLParser

# What may stand right before or after a secret; with anything else, programs may take the two
# for one web address.
_PUNCTUATION = re.compile(r"[.,;:!?()\[\]<>«»“”„’\"'`*_-]*")
_UNREAD = frozenset(
    {"iframe", "noscript", "option", "script", "style", "template", "textarea", "title"}
)
_CONDITION = re.compile(r"\[if [^\]]*\]>(?P<page>.*)<!\[endif\]", re.DOTALL)


def is_exposed_in_text(text: str, secret: str) -> bool:
    """Whether *text* has *secret* within something longer, as in a web address."""
    return any(
        not _PUNCTUATION.fullmatch(rest)
        for word in text.split()
        if secret in word
        for rest in word.split(secret)
    )


def is_exposed_in_page(page: str, secret: str, *, is_link: bool = False) -> bool:
    """
    Whether the HTML *page* has *secret* elsewhere than in text that is read.

    A link may be the whole of an attribute too: then it is asked for where it leads anyway.
    """
    reader = _Reader(secret, is_link=is_link)
    reader.feed(page)
    reader.close()
    return reader.found_well != page.count(secret)


class _Reader(HTMLParser):
    """Counts in `found_well` how often the secret stands where it may."""

    def __init__(self, secret: str, *, is_link: bool) -> None:
        super().__init__()
        self.found_well = 0
        self._secret = secret
        self._is_link = is_link
        self._unread: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNREAD:
            self._unread.append(tag)
        if self._is_link:
            self.found_well += sum(value == self._secret for _, value in attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._unread:
            self._unread.remove(tag)

    def handle_data(self, data: str) -> None:
        if not self._unread and not is_exposed_in_text(data, self._secret):
            self.found_well += data.count(self._secret)

    def handle_comment(self, data: str) -> None:
        """Outlook reads what stands in conditional comments."""
        condition = _CONDITION.fullmatch(data)
        if condition and not is_exposed_in_page(
            condition["page"], self._secret, is_link=self._is_link
        ):
            self.found_well += data.count(self._secret)
