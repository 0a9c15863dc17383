"""The canaries would be found: a search that finds nothing proves nothing otherwise."""

import base64
import html
import json
import quopri
import textwrap
from urllib.parse import quote

import pytest

from tests.secrets.canaries import ALL, PASSWORD, found, written

TEXT = PASSWORD.text

DISGUISES = {
    "nothing": lambda text: text,
    "capitals": str.upper,
    "repr": repr,
    "JSON": json.dumps,
    "JSON in JSON": lambda text: json.dumps(json.dumps(text)),
    "percent signs": lambda text: quote(text, safe=""),
    "percent signs alone": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "escapes": lambda text: "".join(f"\\u{ord(char):04x}" for char in text),
    "HTML": html.escape,
    "entities": lambda text: "".join(f"&#{ord(char)};" for char in text),
    "hex": lambda text: text.encode().hex(),
    "quoted-printable": lambda text: quopri.encodestring(f"{'y' * 60}{text}".encode()).decode(),
    "a narrow terminal": lambda text: "\n".join(textwrap.wrap(text, 9)),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 of a login": lambda text: base64.b64encode(f"la_regie:{text}".encode()).decode(),
    "base64, shifted by two": lambda text: base64.b64encode(f"ab{text}".encode()).decode(),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(f"a:{text}".encode()).decode(),
    "folded base64": lambda text: base64.encodebytes(f"{'y' * 50}{text}".encode()).decode(),
}


@pytest.mark.parametrize("disguise", DISGUISES.values(), ids=DISGUISES)
def test_a_canary_is_found_in_any_disguise(disguise):
    """
    Whatever quotes it, and wherever a line is broken; no other one is taken for it.
    """
    shown = f"before {disguise(TEXT)} after"

    assert [PASSWORD.core] == found(shown) == found(shown.encode())


def test_nothing_is_found_where_there_is_none():
    """
    All of them are different, and are no part of ordinary words.
    """
    assert [] == found("POST /users/: dimail answered 500; Basic Authorization canary password")
    assert len(ALL) == len({canary.core[:8].lower() for canary in ALL})


def test_a_canary_is_found_in_files_and_in_their_names(tmp_path):
    """
    At any depth; what is meant to hold it can be left out.
    """
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.txt").write_text(TEXT)
    (tmp_path / f"{ALL[1].core}.txt").write_text("")

    assert [PASSWORD.core, ALL[1].core] == found(written(tmp_path))
    assert [ALL[1].core] == found(written(tmp_path, besides=["a/b.txt"]))
