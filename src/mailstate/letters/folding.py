"""How the headers of letters are written: accents so that every mail program reads them."""

from email.header import Header
from email.headerregistry import AddressHeader, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTPUTF8, EmailPolicy

_WIDTH = 76  # RFC 2047 §2


class Folding(EmailPolicy):
    """
    `EmailPolicy`, except that `email.header` writes subjects and names with accents.

    From Python 3.12.5 until February 2026, `EmailPolicy` leaves out the blank that RFC 2047 asks
    for between two encoded words (gh-144156): mail programs show these as they are, and some
    servers refuse the letter.
    """

    def fold(self, name: str, value: str) -> str:
        """The header *name* as it is written into text."""
        return self._encoded(name, value) or str(super().fold(name, value))

    def fold_binary(self, name: str, value: str) -> bytes:
        """The header *name* as it is written into a letter."""
        encoded = self._encoded(name, value)
        return encoded.encode("ascii") if encoded else super().fold_binary(name, value)

    def _encoded(self, name: str, value: str) -> str | None:
        """The header with encoded words, or None if it needs none."""
        if value.isascii():
            return None
        match value:
            case UnstructuredHeader():
                return f"{name}: {self._words(name, value)}{self.linesep}"
            case AddressHeader(addresses=(address,)) if address.addr_spec.isascii():
                words = self._words(name, address.display_name)
                return f"{name}: {words}{self.linesep} <{address.addr_spec}>{self.linesep}"
            case _:
                return None

    def _words(self, name: str, text: str) -> str:
        header = Header(str(text), "utf-8", header_name=name, maxlinelen=_WIDTH)
        return header.encode(linesep=self.linesep)


def new_letter(*, is_ascii: bool) -> EmailMessage:
    """An empty letter; if its addresses are not ASCII, its headers are UTF-8 (RFC 6532)."""
    return EmailMessage(Folding(linesep="\r\n") if is_ascii else SMTPUTF8)
