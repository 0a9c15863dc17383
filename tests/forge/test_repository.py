"""One comment, one issue, the right artifact: whatever the forge and others there do."""

import threading
import traceback

import pytest

from mailstate.errors import SettingsError
from mailstate.forge.api import Api, ForgeError
from mailstate.forge.repository import Repository
from mailstate.model.secret import Secret
from tests.forge.stub import OURSELVES, TOKEN, Forge, Trouble

PLAN = "<!-- mailstate plan -->"


@pytest.fixture
def forge():
    with Forge() as made:
        yield made


@pytest.fixture
def waits():
    return []


@pytest.fixture
def repository(forge, waits):
    with Api(forge.url, Secret(TOKEN), sleep=waits.append) as api:
        yield Repository(api, forge.repository, author=OURSELVES)


def bodies(notes):
    return [note["body"] for note in notes.values()]


def test_there_is_one_comment_which_is_written_anew(forge, repository):
    """
    The second plan takes the place of the first.
    """
    repository.say(7, f"{PLAN}\nfirst", marker=PLAN)
    repository.say(7, f"{PLAN}\nsecond", marker=PLAN)

    assert [f"{PLAN}\nsecond"] == bodies(forge.comments)


def test_what_is_said_already_is_not_said_again(forge, repository):
    """
    Nobody hears of a comment that stays as it is.
    """
    repository.say(7, f"{PLAN}\nsame", marker=PLAN)
    before = forge.writes
    repository.say(7, f"{PLAN}\nsame", marker=PLAN)

    assert before == forge.writes


def test_what_others_say_is_left_alone(forge, repository):
    """
    Neither a marker that somebody else has copied, nor another comment of ours, is touched.
    """
    forge.comment(7, f"{PLAN}\nnothing to see here", by="mallory")
    forge.comment(7, "deployed")
    forge.comment(8, f"{PLAN}\nof another pull request")
    before = bodies(forge.comments)
    repository.say(7, f"{PLAN}\nthe plan", marker=PLAN)

    assert [*before, f"{PLAN}\nthe plan"] == bodies(forge.comments)


def test_the_comment_is_found_behind_many_others(repository, forge):
    """
    Lists have pages, of whatever size.
    """
    forge.page = 3
    forge.comment(7, f"{PLAN}\nold")
    for number in range(20):
        forge.comment(7, f"me too {number}", by="somebody")
    repository.say(7, f"{PLAN}\nnew", marker=PLAN)

    assert f"{PLAN}\nnew" == bodies(forge.comments)[0]
    assert 21 == len(forge.comments)


def test_doubles_are_removed(forge, repository):
    """
    The oldest stays, with what is to be said now.
    """
    for text in ("a", "b", "c"):
        forge.comment(7, f"{PLAN}\n{text}")
    repository.say(7, f"{PLAN}\nd", marker=PLAN)

    assert [f"{PLAN}\nd"] == bodies(forge.comments)


LOST = (None, 500, 502)


@pytest.mark.parametrize("status", LOST)
@pytest.mark.parametrize("effect", [True, False])
@pytest.mark.parametrize("times", [1, 2])
def test_a_lost_answer_makes_no_second_comment(forge, repository, status, effect, times):
    """
    The comments are read again before another one is made.
    """
    forge.troubles.extend(Trouble("POST", status, effect=effect) for _ in range(times))
    repository.say(7, f"{PLAN}\nonce", marker=PLAN)

    assert [f"{PLAN}\nonce"] == bodies(forge.comments)


@pytest.mark.parametrize("status", LOST)
def test_a_forge_that_never_answers_is_told(forge, repository, status):
    """
    A comment that was refused does not go unnoticed.
    """
    forge.troubles.extend(Trouble("POST", status) for _ in range(9))

    with pytest.raises(ForgeError, match=r"^POST /repos/commune/mail/issues/7/comments: the "):
        repository.say(7, f"{PLAN}\nnever", marker=PLAN)
    assert [] == bodies(forge.comments)


def test_a_double_that_another_run_removes_first_is_gone_all_the_same(forge, repository):
    """
    The forge knows no such comment any more.
    """
    for _ in range(3):
        forge.comment(7, f"{PLAN}\nsame")
    forge.troubles.append(Trouble("DELETE", 404, effect=True))
    repository.say(7, f"{PLAN}\nsame", marker=PLAN)

    assert [f"{PLAN}\nsame"] == bodies(forge.comments)
    assert 2 == len(forge.writes)


def test_a_comment_that_is_gone_before_it_is_written_anew_is_looked_for_again(forge, repository):
    """
    As long as it is found at all.
    """
    forge.comment(7, f"{PLAN}\nold")
    forge.troubles.append(Trouble("PATCH", 404))
    repository.say(7, f"{PLAN}\nnew", marker=PLAN)

    assert [f"{PLAN}\nnew"] == bodies(forge.comments)


def test_two_at_once_leave_one_comment(forge, repository):
    """
    Whoever comes second finds the other's, and removes its own.
    """
    say = repository.say
    threads = [
        threading.Thread(target=say, args=(7, f"{PLAN}\nsame"), kwargs={"marker": PLAN})
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    repository.say(7, f"{PLAN}\nsame", marker=PLAN)

    assert [f"{PLAN}\nsame"] == bodies(forge.comments)


FAILED = "<!-- mailstate apply -->"


def test_there_is_one_issue_until_all_is_well(forge, repository):
    """
    Opened, updated, closed; the next trouble opens another one.
    """
    repository.raise_issue("apply failed", f"{FAILED}\n1 failed", marker=FAILED)
    repository.raise_issue("apply failed", f"{FAILED}\n2 failed", marker=FAILED)
    first = [(one["state"], one["body"]) for one in forge.issues.values()]
    repository.settle_issue(f"{FAILED}\nall is well", marker=FAILED)
    repository.settle_issue(f"{FAILED}\nall is well", marker=FAILED)
    repository.raise_issue("apply failed", f"{FAILED}\nagain", marker=FAILED)

    assert [("open", f"{FAILED}\n2 failed")] == first
    assert [("closed", f"{FAILED}\nall is well"), ("open", f"{FAILED}\nagain")] == [
        (one["state"], one["body"]) for one in forge.issues.values()
    ]


@pytest.mark.parametrize("status", LOST)
@pytest.mark.parametrize("effect", [True, False])
def test_a_lost_answer_opens_no_second_issue(forge, repository, status, effect):
    """
    The issues are read again before another one is opened.
    """
    forge.issue("apply failed", f"{FAILED}\nnot ours", by="mallory")
    forge.pulls[99] = {
        "number": 99,
        "pull_request": {},
        "state": "open",
        "user": {"login": OURSELVES},
        "body": FAILED,
    }
    forge.troubles.append(Trouble("POST", status, effect=effect))
    repository.raise_issue("apply failed", f"{FAILED}\n1 failed", marker=FAILED)

    assert [f"{FAILED}\nnot ours", f"{FAILED}\n1 failed"] == bodies(forge.issues)


def test_nothing_is_closed_where_nothing_is_open(forge, repository):
    """
    An apply that goes well says nothing.
    """
    forge.issue("apply failed", f"{FAILED}\nnot ours", by="mallory")
    repository.settle_issue(f"{FAILED}\nall is well", marker=FAILED)

    assert [] == forge.writes


def test_the_newest_artifact_of_the_branch_counts(forge, repository):
    """
    Not one that a fork or another branch has left under the same name.
    """
    forge.artifact("snapshot", {"live.json": "old"})
    forge.artifact("snapshot", {"live.json": "new"})
    forge.artifact("snapshot", {"live.json": "forged"}, fork=True)
    forge.artifact("snapshot", {"live.json": "tried"}, branch="work")
    forge.artifact("plan", {"live.json": "other"})

    assert b"new" == repository.artifact("snapshot", "live.json", branch="main")


def test_there_may_be_no_artifact(forge, repository):
    """
    None was left, or it is kept no longer.
    """
    number = forge.artifact("snapshot", {"live.json": "old"})
    forge.artifacts[number]["expired"] = True

    assert None is repository.artifact("snapshot", "live.json", branch="main")


@pytest.mark.parametrize("packed", [b"no archive", b""])
def test_an_artifact_that_is_none_is_told(forge, repository, packed):
    """
    Whatever is stored there.
    """
    forge.files[forge.artifact("snapshot", {"live.json": "old"})] = packed

    with pytest.raises(ForgeError, match=r"^the artifact `snapshot` holds no live.json$"):
        repository.artifact("snapshot", "live.json", branch="main")


def test_the_tip_of_a_pull_request(forge, repository):
    """
    By which a late run knows that it is late.
    """
    forge.pulls[7] = {"number": 7, "head": {"sha": "abc"}}

    assert "abc" == repository.head_of(7)


@pytest.mark.parametrize(
    ("trouble", "wait"),
    [
        (Trouble("GET", 502), 1.0),
        (Trouble("GET"), 1.0),
        (Trouble("GET", 429, headers={"Retry-After": "17"}), 17.0),
        (Trouble("GET", 403, headers={"Retry-After": "5"}), 5.0),
        (Trouble("GET", 403, headers={"X-RateLimit-Remaining": "0"}), 1.0),
        (Trouble("GET", 503, headers={"Retry-After": "86400"}), 60.0),
    ],
)
def test_a_busy_forge_is_asked_again(forge, repository, waits, trouble, wait):
    """
    After the time it asks for, within reason.
    """
    forge.troubles.append(trouble)
    repository.say(7, f"{PLAN}\nsaid", marker=PLAN)

    assert ([wait], [f"{PLAN}\nsaid"]) == (waits, bodies(forge.comments))


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (Trouble("GET", 401), "GET .*: the forge answered 401"),
        (Trouble("GET", 403), "GET .*: the forge answered 403"),
        (Trouble("POST", 403), "POST .*: the forge answered 403"),
        (Trouble("POST", 422), "POST .*: the forge answered 422"),
    ],
)
def test_a_refusal_is_told_at_once(forge, repository, waits, trouble, words):
    """
    Asking again would not help; and nothing that the forge says of it is shown.
    """
    forge.troubles.append(trouble)

    with pytest.raises(ForgeError, match=f"^{words}$") as caught:
        repository.say(7, f"{PLAN}\nsaid", marker=PLAN)
    assert ([], 1) == (waits, len(forge.log) if trouble.method == "GET" else 1)
    assert caught.value.hint
    assert TOKEN not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("url", ["http://forge.example", "https://user:pass@forge.example"])
def test_the_token_does_not_travel_in_the_clear(url):
    """
    https, or this very machine.
    """
    with pytest.raises(SettingsError):
        Api(url, Secret(TOKEN))


def test_a_repository_has_an_owner(forge):
    """
    So that a slip does not ask for something else.
    """
    with Api(forge.url, Secret(TOKEN)) as api, pytest.raises(SettingsError):
        Repository(api, "mail", author=OURSELVES)
