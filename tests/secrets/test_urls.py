"""Credentials in URLs: refused for dimail, used for proxies, and never shown."""

import logging

import pytest

from tests.secrets.canaries import PROXY, URL, found
from tests.secrets.support import server_that_says

BAD_URLS = [
    f"https://user:{URL.word}@dimail.example",
    f"https://{URL.word}@dimail.example",
    f"https://:{URL.word}@dimail.example",
    f"http://user:{URL.word}@127.0.0.1:1",
    f"https://user:{URL.word}%zz@dimail.example",
    f"https://user:{URL.word}%ff@dimail.example",
    f"https://user:{URL.word}\udcff@dimail.example",
    f"https://user:{URL.word}\n@dimail.example",
    f"https://user:{URL.word}@dimail.example:99999",
    f"https://user:{URL.word}@[dimail.example",
    f"https://user:{URL.word}@d\u2100mail.example",
    f"https://user:{URL.word}/@dimail.example",
    f"https://user:{URL.word}#@dimail.example",
    f"https://user:{URL.word}?@dimail.example",
    f"https://dimail.example/?token={URL.word}",
    f"https://dimail.example/#{URL.word}",
    f"user:{URL.word}@dimail.example",
    f"//user:{URL.word}@dimail.example",
    f"ftp://user:{URL.word}@dimail.example",
    f"smtp://user:{URL.word}@dimail.example",
    URL.text,
]


@pytest.mark.parametrize("url", BAD_URLS)
def test_a_url_with_credentials_is_refused_and_not_shown(nest, url):
    """
    Nothing is sent; name and password have settings of their own.
    """
    for command in (
        ("plan",),
        ("snapshot", "--out", "snapshot.json"),
        ("bootstrap", "--yes", "--admin-password-file", "admin.txt"),
    ):
        ran = nest.call(*command, "-v", env={"MAILSTATE_URL": url})

        assert (3, []) == (ran.code, nest.leaks(ran))
        assert "URL of dimail" in ran.err
    assert [] == nest.parrot.heard


@pytest.mark.parametrize("url", BAD_URLS[:4])
def test_neither_an_option_nor_the_settings_take_credentials(nest, url):
    """
    A file that is committed is the worst place for them.
    """
    by_option = nest.call("plan", "--url", url)
    nest.write("mailstate.toml", f'url = "{url}"\n')
    by_settings = nest.call("plan", env={"MAILSTATE_URL": ""})

    assert (3, 3) == (by_option.code, by_settings.code)
    assert [] == nest.leaks(by_option, by_settings, besides=("mailstate.toml",))


@pytest.mark.parametrize(
    "line",
    [
        f'password = "{URL.word}"',
        f'[targets.one]\npassword = "{URL.word}"',
        f'[notify]\nsmtp_url = "smtp://user:{URL.word}@mail.example"',
        f'password = "{URL.word}',
        f"password = {URL.word}",
        f'url = ["{URL.word}"]',
        f'max_removals = "{URL.word}"',
        f'concurrency = "{URL.word}"',
        f'[notify]\nmode = "{URL.word}"',
        f'prune = ["{URL.word}"]',
    ],
)
def test_a_secret_in_the_settings_is_refused_and_not_shown(nest, line):
    """
    Whoever sees the message may see no more than that there is one.
    """
    nest.write("mailstate.toml", f"{line}\n")
    ran = nest.call("plan")

    assert (3, []) == (ran.code, nest.leaks(ran, besides=("mailstate.toml",)))


@pytest.mark.parametrize(
    "proxy",
    [
        "socks5://user:{}@127.0.0.1:1",
        "ftp://user:{}@127.0.0.1:1",
        "http://user:{}@127.0.0.1:99999",
        "http://user:{}@[127.0.0.1",
        "http://user:{}@d\u2100.example",
        "http://user:{}\udcff@127.0.0.1:1",
        "user:{}@127.0.0.1:1",
        "http://user:{}@127.0.0.1:1",
        "https://user:{}@127.0.0.1:1",
    ],
)
@pytest.mark.parametrize("name", ["HTTPS_PROXY", "ALL_PROXY"])
def test_the_password_of_a_proxy_that_is_of_no_use_is_not_shown(nest, caplog, name, proxy):
    """
    Neither if it cannot be used nor if nobody is there.
    """
    caplog.set_level(logging.DEBUG)
    env = {"MAILSTATE_URL": "https://dimail.example", name: proxy.format(PROXY.word)}
    ran = nest.call("plan", "-v", env=env)

    assert [] == nest.leaks(ran) + found(caplog.text)
    assert ran.code in {3, 4}
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    "answer",
    [
        "HTTP/1.1 407 {}\r\nX-Echo: {}\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 502 {}\r\n\r\n{}",
        "{}\r\n\r\n",
        "HTTP/1.1 200 {}\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\n{} : {}\0\r\n\r\n",
        "",
    ],
)
def test_a_proxy_that_repeats_its_password_is_not_quoted(nest, caplog, answer):
    """
    Nor what it says instead of TLS.
    """
    caplog.set_level(logging.DEBUG)
    with server_that_says(answer) as port:
        env = {
            "MAILSTATE_URL": "https://dimail.example",
            "HTTPS_PROXY": f"http://user:{PROXY.word}@127.0.0.1:{port}",
        }
        ran = nest.call("plan", "-v", env=env)

    assert (4, []) == (ran.code, nest.leaks(ran))
    assert [] == found(caplog.text)
