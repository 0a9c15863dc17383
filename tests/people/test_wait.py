"""`apply --wait`: held domains are looked at again, until they are enabled or the time is up."""

import json
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from mailstate.applying.watch import Watch
from mailstate.errors import ExitCode
from tests.people.support import EXTERNAL, D, a_domain, box, outcomes

CHECK = f"/domains/{D}/check"
OTHER = "b.example"


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    """Looks come a hundred times as fast."""
    monkeypatch.setattr("mailstate.applying.applier.Watch", partial(Watch, _pause=0.05))
    monkeypatch.setattr("mailstate.applying.watch._CONFIRMING_PAUSE", 0.05)
    monkeypatch.setattr("mailstate.applying.watch._LAST_LOOK", 0.01)


def until(is_so):
    """Wait until something has happened."""
    ends = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < ends
        time.sleep(0.01)


def looks(place, path=CHECK):
    return len(place.asked(path=path))


def test_a_domain_that_becomes_enabled_meanwhile(place):
    """
    Its mailboxes are made in the same run, with their letters; those of the others before.
    """
    place.declare(
        a_domain(D, box("ada"), support_email="dsi@a.example"), a_domain(OTHER, box("zoe"))
    )
    place.sandbox.publish_dns(OTHER)

    def publish():
        until(lambda: looks(place) >= 3 and place.made() == [f"zoe@{OTHER}"])
        place.sandbox.publish_dns(D)

    with ThreadPoolExecutor() as pool:
        publishing = pool.submit(publish)
        report = place.apply("--wait", "20s")
        publishing.result()

    assert {"ada": "applied", f"zoe@{OTHER}": "applied"} == outcomes(report)
    assert ["ada@perso.example", "dsi@a.example", "zoe@perso.example"] == place.welcomed()


def test_a_domain_that_flaps(place):
    """
    One good answer is not believed after a bad one: it takes two in a row.
    """
    place.declare(a_domain(D, box("ada")))
    place.sandbox.publish_dns(D)
    broken = json.dumps(
        {
            "name": D,
            "state": "broken",
            "features": ["webmail", "mailbox", "alias"],
            "mx": {"ok": False, "internal": EXTERNAL, "errors": [{"code": "no_mx", "detail": ""}]},
        }
    )
    for nth in (1, 3, 4, 6):
        place.sandbox.add_fault(kind="answer", path=CHECK, nth=nth, body=broken)
    report = place.apply("--wait", "20s")

    assert {"ada": "applied"} == outcomes(report)
    # bad, good, bad, bad, good, bad, good, good
    assert 8 == looks(place)


def test_the_time_is_up(place):
    """
    What is still held is told so, and the run ends in time; more looks, no mailbox call.
    """
    place.declare(a_domain(D, box("ada")))
    start = time.monotonic()
    report = place.apply("--wait", "1s")
    took = time.monotonic() - start

    assert {"ada": "held"} == outcomes(report)
    assert 1 <= took < 5
    assert looks(place) >= 3
    assert [] == place.asked(path=".*/mailboxes/.+")


def test_nothing_to_wait_for(place):
    """
    Where nothing is held, or only the settings can help, it does not wait.
    """
    place.declare(a_domain(D, box("ada")))
    place.sandbox.publish_dns(D)
    start = time.monotonic()
    place.apply("--wait", "1h")
    place.apply("--wait", "1h")

    assert time.monotonic() - start < 20


def test_nothing_to_wait_for_without_states(place_of):
    """
    A server that tells no states will not tell them in an hour.
    """
    place = place_of("2024")
    place.assume = ""
    place.set()
    place.declare(a_domain(D, box("ada")))
    report = place.apply("--wait", "1h")

    assert {"ada": "held"} == outcomes(report)


def test_a_wait_that_is_ended(place):
    """
    SIGTERM ends it at once: exit code 5, and a report of all that was done and not begun.
    """
    place.declare(a_domain(D, box("ada")))
    with place.start("apply", "--yes", "--wait", "1h", "--report", "report.json") as process:
        until(lambda: looks(place) >= 1)
        time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=10)

    assert ExitCode.INTERRUPTED == process.returncode
    assert json.loads(place.read("report.json"))["interrupted"] is True
    assert [] == place.made()


@pytest.mark.parametrize("written", ["15", "m", "-1m", "1.5h", "1d", "", "١m"])
def test_a_time_that_is_none(place, written):
    """
    Exit code 2, with how it is written.
    """
    place.declare(a_domain())
    ran = place.call("apply", "--yes", "--wait", written)

    assert ExitCode.USAGE == ran.code
    assert "write a whole number and s, m or h, as in 15m" in ran.err
