"""URLs as httpx reads them, which carried them before: the same are taken, and shown the same."""

import re

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailstate.dimail import calls
from mailstate.dimail.address import Address
from mailstate.errors import SettingsError
from mailstate.model.resources import Access, Alias, DomainName

HOSTS = [
    "localhost",
    "127.0.0.1",
    "[::1]",
    "dimail.example",
    "Dimail.EXAMPLE",
    "münchen.example",
    "xn--mnchen-3ya.example",
    "1.2.3.4",
    "300.1.1.1",
    "01.2.3.4",
    "[::1",
    "[::g]",
    "a_b",
    "d\u2100mail.example",
    "",
]
BITS = [".", "..", "/", "//", ":", "@", "[", "]", "%41", "%zz", " ", "é", "~", '"', "{", "\\", "'"]
texts = st.lists(st.sampled_from([*BITS, "a", "b", "\x7f", "\n"]), max_size=5).map("".join)
ports = st.sampled_from(["", ":", ":80", ":443", ":8443", ":65535", ":65536", ":x", ":0"])
urls = st.builds(
    "{}{}{}{}{}".format,
    st.sampled_from(["https://", "https://", "http://", "HTTPS://", "ftp://", "//", ""]),
    st.sampled_from(["", "", "", "u@", "u:p@"]),
    st.sampled_from(HOSTS),
    ports,
    st.one_of(st.just(""), texts.map("/{}".format)),
)


def by_httpx(text: str) -> tuple[str, str, int | None] | str:
    """The URL, its host and its port; or what is wrong with it."""
    try:
        url = httpx.URL(text.rstrip("/"))
    except (httpx.InvalidURL, UnicodeError):
        return "not of the form"
    host, port = url.raw_host.decode(), url.port
    if (
        not re.fullmatch("[a-z0-9._-]+|[0-9a-f:.]+", host)
        or url.scheme not in {"https", "http"}
        or (port or 0) > 65_535
        or {"?", "#"} & set(text)
    ):
        return "not of the form"
    if url.userinfo:
        return "holds a user name"
    if url.scheme == "http" and host not in {"localhost", "127.0.0.1", "::1"}:
        return "begins with http://"
    if (url.scheme, port) == ("https", 443):
        url, port = url.copy_with(port=None), None  # however the scheme is spelt
    return str(url).rstrip("/"), host, port


@given(urls)
@example("https://münchen.example:8443/a/../b c/")
@example("HTTPS://Dimail.EXAMPLE:443")
def test_an_address_is_what_httpx_takes_it_for(text):
    """
    Host, port and path on the wire, and the URL that is shown; the same are refused.
    """
    expected = by_httpx(text)
    if isinstance(expected, str):
        with pytest.raises(SettingsError, match=expected):
            Address.parse(text)
    else:
        address = Address.parse(text)
        assert expected == (address.url, address.host, address.port)


@pytest.mark.parametrize("end", ["?", "#", ":-1", ":+1", ":4_43", ":80 ", "/\ud800"])
def test_what_would_break_every_call_is_refused(end):
    """
    A query, even an empty one, would swallow the path; such ports are typing errors.
    """
    with pytest.raises(SettingsError, match="not of the form"):
        Address.parse(f"https://dimail.example{end}")


LOCATIONS = ["/there/", "there", "../x", "?q=1", "", "#f", "//dimail.example/x", "/a b/é", "ftp:x"]
BASE = "https://dimail.example/api"


# Of a colon or an at with nothing before it httpx makes something of its own.
locations = st.one_of(st.sampled_from(LOCATIONS), urls, texts.map(str.strip)).filter(
    lambda location: not re.match("([A-Za-z]+:)?(//)?[:@]", location)
)


@given(locations, st.sampled_from(["/users/", "/x"]))
@example("http://dimail.example:443/x", "/users/")
@example("https://dimail.example:443/x?a=b#c", "/users/")
def test_a_redirect_leads_where_httpx_would_go(location, target):
    """
    On this very server, or nowhere.
    """
    here = httpx.URL(BASE)
    try:
        there = httpx.URL(BASE + target).join(location)
    except (httpx.InvalidURL, UnicodeError, ValueError):
        return
    is_here = (there.host, there.port) == (here.host, here.port) and not there.userinfo
    try:
        followed = Address.parse(BASE).redirected(f"/api{target}", location)
    except ValueError:
        followed = None
    if followed is None:
        assert not is_here
    else:
        assert is_here
        assert there.raw_path.decode() == followed


names = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="/"), min_size=1, max_size=8
).filter(lambda name: name not in {".", ".."})


@given(names, names)
def test_a_target_goes_over_the_wire_as_httpx_would_send_it(one, other):
    """
    Whatever names are in it.
    """
    for call in (
        calls.user(one),
        calls.access(Access(domain=DomainName(one), user=other)),
        calls.alias(Alias(domain=DomainName(one), local_part=other, destination=one)),
    ):
        assert httpx.URL(BASE + call.target).raw_path.decode() == f"/api{call.target}"
