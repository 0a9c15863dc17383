"""What a journal remembers of earlier runs, line by line."""

import json
import tracemalloc

import pytest

from mailstate.cli.memory import Memory, Unfinished, remembered
from mailstate.errors import SettingsError
from mailstate.model.resources import DomainName, Key

HERE, ELSEWHERE = "https://dimail.example", "https://other.example"
ADA, BOB = Key("mailbox/ada@a.example"), Key("mailbox/bob@a.example")


def run(*planned, target=HERE, **more):
    """A run begins."""
    return {"event": "run", "target": target, "planned": [*planned], **more}


def begun(key=ADA, action="create"):
    """A change begins."""
    return {"event": "begun", "address": key, "action": action}


def ended(key=ADA, outcome="applied", letter=None, *, unknown=False):
    """A change ends."""
    return {
        "event": "ended",
        "address": key,
        "outcome": outcome,
        "letter": letter,
        "unknown": unknown,
    }


FINISHED = {"event": "finished", "interrupted": False}


@pytest.fixture
def memory_of(tmp_path):
    """Give what a journal of these events remembers of one dimail."""

    def memory(*lines, target=HERE):
        text = "".join(f"{json.dumps({'at': '2026-09-01', **line})}\n" for line in lines)
        (tmp_path / "journal.jsonl").write_text(text, "utf-8")
        return remembered(tmp_path / "journal.jsonl").get(target, Memory())

    return memory


@pytest.mark.parametrize(
    ("lines", "is_owed"),
    [
        pytest.param([begun()], True, id="killed"),
        pytest.param([begun(), ended(letter="delivered")], False, id="delivered"),
        pytest.param([begun(), ended(letter="undelivered")], True, id="undelivered"),
        pytest.param([begun(), ended()], False, id="none was due"),
        pytest.param([begun(), ended(outcome="failed")], False, id="failed"),
        pytest.param([begun(), ended(outcome="failed", unknown=True)], True, id="unknown"),
        pytest.param(
            [begun(), ended(outcome="failed", letter="delivered", unknown=True)],
            False,
            id="made and welcomed, and not yet as asked for all that is known",
        ),
        pytest.param([begun(action="update"), ended()], False, id="an update owes nothing"),
        pytest.param([begun("domain/a.example")], False, id="a domain gets no letter"),
        pytest.param([ended(outcome="held")], False, id="never begun"),
    ],
)
def test_who_has_got_no_letter(memory_of, lines, is_owed):
    """
    As far as one run tells.
    """
    key = lines[0]["address"]

    assert ((key,) if is_owed else ()) == memory_of(run(), *lines).unwelcomed


@pytest.mark.parametrize(
    ("lines", "is_owed"),
    [
        pytest.param([begun(action="update"), ended()], True, id="an update pays nothing"),
        pytest.param([ended(outcome="held")], True, id="held"),
        pytest.param([ended()], True, id="found done already when it was to be released"),
        pytest.param([begun(), ended()], True, id="found there: the killed run has made it"),
        pytest.param([begun(), ended(outcome="failed")], True, id="failed, but it may come yet"),
        pytest.param([begun(), ended(letter="delivered")], False, id="made, and welcomed"),
        pytest.param([begun(action="delete"), ended()], False, id="deleted"),
        pytest.param([begun(action="delete"), ended(outcome="failed")], True, id="not deleted"),
    ],
)
def test_what_a_later_run_does_to_a_letter_that_is_owed(memory_of, lines, is_owed):
    """
    Only a letter pays for it, or that the mailbox is no more.
    """
    memory = memory_of(run(), begun(), run(), *lines)

    assert ((ADA,) if is_owed else ()) == memory.unwelcomed


def test_what_is_sent_afterwards(memory_of):
    """
    Delivered pays; not delivered does not; about another dimail it is another mailbox.
    """
    sent = {"event": "notified", "address": ADA, "target": HERE, "letter": "delivered"}
    killed = [run(), begun(), run(target=ELSEWHERE)]

    assert () == memory_of(*killed, sent).unwelcomed
    assert (ADA,) == memory_of(*killed, {**sent, "letter": "undelivered"}).unwelcomed
    assert (ADA,) == memory_of(*killed, {**sent, "target": ELSEWHERE}).unwelcomed


def test_a_letter_that_was_paid_may_be_owed_anew(memory_of):
    """
    The mailbox was deleted and made again.
    """
    again = [begun(), ended(letter="delivered"), begun(action="delete"), ended(), begun()]

    assert (ADA,) == memory_of(run(), *again).unwelcomed
    assert () == memory_of(run(), *again, ended()).unwelcomed


def test_a_letter_that_was_paid_is_forgotten(memory_of):
    """
    What is made later is judged by itself.
    """
    paid = [run(), begun(), run(), begun(), ended(letter="delivered")]

    assert () == memory_of(*paid, run(), begun(), ended()).unwelcomed


def test_each_dimail_has_its_own(memory_of):
    """
    Letters, news, and how the last run ended.
    """
    told = {"event": "told", "domain": "a.example", "standing": "enabled"}
    lines = [run(ADA), begun(), told, run(BOB, target=ELSEWHERE), begun(BOB), FINISHED]

    assert Memory(
        unwelcomed=(ADA,),
        told={DomainName("a.example"): "enabled"},
        unfinished=Unfinished(done=0, failed=0, unknown=1, not_begun=0),
    ) == memory_of(*lines)
    assert Memory(unwelcomed=(BOB,)) == memory_of(*lines, target=ELSEWHERE)
    assert Memory() == memory_of(*lines, target="https://third.example")


def test_how_far_a_killed_run_has_come(memory_of):
    """
    Done, failed, unknown (begun and not ended among them) and not begun add up to the plan.
    """
    keys = [f"mailbox/u{number}@a.example" for number in range(9)]
    lines = [
        run(*keys),
        *(line for key in keys[:2] for line in (begun(key), ended(key))),
        *(begun(keys[2]), ended(keys[2], "failed", unknown=True)),
        *(begun(keys[3]), ended(keys[3], "failed")),
        ended(keys[4], "skipped"),
        begun(keys[5]),
    ]

    assert Unfinished(done=2, failed=1, unknown=2, not_begun=4) == memory_of(*lines).unfinished
    assert memory_of(*lines, FINISHED).unfinished is None
    assert Unfinished(done=0, failed=0, unknown=0, not_begun=1) == (
        memory_of(*lines, run(ADA)).unfinished
    )


@pytest.mark.parametrize(
    "text", ["users: []\n", "[]\n", "{}\n", '{"event": "begun"}\n', "\xff\n", "[" * 100_000]
)
def test_a_file_that_is_no_journal(tmp_path, text):
    """
    Of whatever kind.
    """
    path = tmp_path / "file"
    path.write_text(text, "latin-1")

    with pytest.raises(SettingsError, match="is no journal of mailstate"):
        remembered(path)


@pytest.mark.parametrize(
    "end", ["", '{"at": ', '{"at": "2026', "\0", "\0" * 4096, '{"at": "2\0\0', '{"a\0']
)
def test_a_last_line_that_never_got_to_the_disk_is_passed_over(tmp_path, end):
    """
    Whatever the kill, the full disk or the power cut has left of it, and the next run goes on.
    """
    path = tmp_path / "journal.jsonl"
    before, after = (
        "".join(f"{json.dumps({'at': '2026', **line})}\n" for line in lines)
        for lines in ((run(ADA), begun()), (run(BOB), begun(BOB)))
    )
    path.write_text(f"{before}{end}\n{after}", "utf-8")

    assert (ADA, BOB) == remembered(path)[HERE].unwelcomed


def test_a_journal_of_years_is_read_line_by_line(tmp_path):
    """
    It is never held in memory as a whole.
    """
    path = tmp_path / "journal.jsonl"
    lines = (run(), begun(), ended(letter="delivered"), FINISHED)
    text = "".join(f"{json.dumps({'at': '2026', **line})}\n" for line in lines)
    path.write_text(text * 5_000, "utf-8")
    size = path.stat().st_size

    tracemalloc.start()
    remembered(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < size / 5
