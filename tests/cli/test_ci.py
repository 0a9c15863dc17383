"""What workflows say on the forge: run as their steps run it, against one that keeps all of it."""

import re

import pytest

from mailstate.errors import ExitCode
from mailstate.sandbox import Fault
from tests.forge.events import TIP
from tests.forge.stub import OURSELVES, TOKEN, Trouble

MARKER = "<!-- mailstate plan -->"


def bodies(notes):
    return [note["body"] for note in notes.values()]


def test_a_pull_request_has_one_comment(place, forge, step):
    """
    Made when it is opened, written anew when it changes.
    """
    file = place.write("comment.md", "3 to create")
    first = step("opened", "comment", str(file))
    file = place.write("comment.md", "4 to create")
    second = step("synchronised", "comment", str(file))

    assert (ExitCode.OK, "The comment stands at #7\n", "") == (first.code, first.out, first.err)
    assert (ExitCode.OK, [f"{MARKER}\n4 to create"]) == (second.code, bodies(forge.comments))


def test_comments_of_several_names_stand_side_by_side(place, forge, step):
    """
    One for each dimail that a pull request is planned for.
    """
    file = place.write("comment.md", "1 to create")
    for name in ("staging", "production", "staging"):
        step("opened", "comment", str(file), "--name", name)

    assert [f"<!-- mailstate {name} -->\n1 to create" for name in ("staging", "production")] == [
        *bodies(forge.comments)
    ]


def test_a_late_run_says_nothing(place, forge, step):
    """
    Its plan is for a commit that nobody looks at any more.
    """
    file = place.write("comment.md", "old news")
    ran = step("late", "comment", str(file))

    assert (ExitCode.OK, []) == (ran.code, forge.writes)
    assert "Another commit was pushed meanwhile; its own run speaks\n" == ran.out


def test_where_a_run_has_left_nothing_the_comment_says_so(forge, step):
    """
    The one that stands there is for another commit, and must not be taken for this one's.
    """
    forge.comment(7, f"{MARKER}\nthe plan of yesterday")
    ran = step("synchronised", "comment", "gone/comment.md")
    (said,) = bodies(forge.comments)

    assert ExitCode.OK == ran.code
    assert said.startswith(f"{MARKER}\nFor [`{TIP[:10]}`](https://forge.example/")
    assert "**There is no plan:** the run ended before there was one." in said


def test_a_refused_comment_fails_the_step(place, forge, step):
    """
    With what is missing, and without the token.
    """
    forge.troubles.append(Trouble("POST", 403))
    ran = step("opened", "comment", str(place.write("comment.md", "plan")))

    assert ExitCode.REMOTE == ran.code
    assert "the forge answered 403" in ran.err
    assert "permission" in ran.err
    assert TOKEN not in ran.out + ran.err


@pytest.mark.parametrize(
    ("event", "text", "environment", "said"),
    [
        ("merged", "plan", {}, "this run is not about a pull request"),
        ("opened", "x" * 65_520, {}, "is too long for a comment"),
        ("opened", "plan", {"GITHUB_TOKEN": "", "GH_TOKEN": ""}, "there is no token"),
        ("opened", "plan", {"GITHUB_EVENT_PATH": ""}, "there is no event"),
    ],
)
def test_what_cannot_be_said_is_told(place, forge, step, event, text, environment, said):
    """
    Before anything is sent.
    """
    ran = step(event, "comment", str(place.write("comment.md", text)), **environment)

    assert (ExitCode.INVALID, []) == (ran.code, forge.log)
    assert said in ran.err


def test_the_longest_comment_is_sent(place, forge, step):
    """
    65,536 characters, the marker among them.
    """
    text = "x" * (65_536 - len(MARKER) - 1)
    ran = step("opened", "comment", str(place.write("comment.md", text)))

    assert (ExitCode.OK, [65_536]) == (ran.code, [len(body) for body in bodies(forge.comments)])


def test_a_fork_plans_against_the_last_snapshot(settled, forge, step):
    """
    It has no credentials: what the last apply has recorded takes the place of dimail.
    """
    settled.call("snapshot", "--out", "recorded.json")
    forge.artifact("snapshot", {"live.json": settled.read("recorded.json")})
    forge.artifact("snapshot", {"live.json": "{}"}, fork=True)
    fetched = step("fork", "snapshot", "--out", "live.json")
    none = dict.fromkeys(("MAILSTATE_URL", "MAILSTATE_PASSWORD"), "")
    planned = settled.call("plan", "--live", "live.json", "--detailed-exitcode", env=none)

    assert (ExitCode.OK, "wrote live.json\n") == (fetched.code, fetched.out)
    assert ExitCode.OK == planned.code


def test_without_a_snapshot_there_is_no_plan(forge, step):
    """
    Which is an error: a plan that was not made must not look like one without changes.
    """
    forge.artifact("snapshot", {"live.json": "{}"}, branch="work")
    ran = step("fork", "snapshot", "--out", "live.json")

    assert ExitCode.INVALID == ran.code
    assert "no run on main has left a snapshot" in ran.err


def apply(place, step, event="merged", **environment):
    """Run the apply of a workflow, and the step after it that tells of it."""
    report = place.folder / "report.json"
    report.unlink(missing_ok=True)
    files = ("--report", str(report), "--journal", "journal.jsonl")
    ran = place.call("apply", "--yes", *files, env=environment)
    told = step(event, "issue", "--exit-code", str(int(ran.code)), *files)
    assert ExitCode.OK == told.code, told.err
    return ran.code


def test_the_summary_says_what_the_issue_says(place, forge, step):
    """
    Also where there is none.
    """
    summary = {"GITHUB_STEP_SUMMARY": str(place.folder / "summary.md")}
    step("merged", "issue", "--exit-code", "4", **summary)
    step("scheduled", "issue", "--exit-code", "0", **summary)
    said = place.read("summary.md")

    assert said.startswith("### mailstate apply: it did not come to its end\n\nThe apply of [`ccc")
    assert "### All is well\n\nAll is well since the apply of [`ccc" in said


def issues(forge):
    return [(one["state"], one["title"]) for one in forge.issues.values()]


def test_an_apply_that_goes_well_opens_no_issue(place, forge, step):
    """
    Nor does what waits for its domain, for a while.
    """
    code = apply(place, step)

    assert (ExitCode.OK, [], []) == (code, issues(forge), forge.writes)


def test_a_failing_apply_has_one_issue_until_it_recovers(place, forge, step):
    """
    Opened by the first, written anew by the second, closed by the third; the next opens another.
    """
    down = {"MAILSTATE_URL": "http://127.0.0.1:9"}
    codes = [
        apply(place, step, **down),
        apply(place, step, "scheduled", **down),
    ]
    while_down = issues(forge)
    body = forge.issues[1]["body"]
    codes += [apply(place, step, "scheduled"), apply(place, step, "scheduled")]
    recovered = issues(forge)
    codes.append(apply(place, step, **down))

    title = "mailstate apply: it did not come to its end"
    assert [4, 4, 0, 0, 4] == codes
    assert [("open", title)] == while_down
    assert "dimail could not be read completely" in body
    assert "by the schedule" in body
    assert [("closed", title)] == recovered
    assert [("closed", title), ("open", title)] == issues(forge)


def test_an_issue_names_what_has_failed(place, forge, step):
    """
    With the commit, who merged it, and what dimail said.
    """
    place.sandbox.publish_dns("commune.example")
    place.sandbox.faults.add(Fault(method="POST", path="/users/", kind="answer", status=403))
    code = apply(place, step)
    (found,) = forge.issues.values()

    assert ExitCode.CHANGE_FAILED == code
    assert "mailstate apply: 1 failed" in found["title"]
    for said in (f"/commit/{'c' * 40}", "caused by `alice`", "`user/", "dimail answered 403"):
        assert said in found["body"]


def test_what_is_held_for_long_has_an_issue(place, forge, step):
    """
    As long as it waits, since the first run that held it.
    """
    apply(place, step)
    long_ago = re.sub(r'"at": "\d{4}', '"at": "2020', place.read("journal.jsonl"))
    place.write("journal.jsonl", long_ago)
    apply(place, step, "scheduled")
    held = issues(forge)
    place.sandbox.publish_dns("commune.example")
    apply(place, step, "scheduled")

    assert [("open", "mailstate apply: 3 held for too long")] == held
    assert [("closed", "mailstate apply: 3 held for too long")] == issues(forge)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format_version": "2.0"}', "[" * 9_999])
def test_what_is_no_report_is_told(place, forge, step, text):
    """
    And nothing is concluded from it.
    """
    file = place.write("report.json", text)
    ran = step("merged", "issue", "--exit-code", "0", "--report", str(file))

    assert (ExitCode.INVALID, []) == (ran.code, forge.writes)
    assert "is no report of `mailstate apply`" in ran.err


@pytest.mark.parametrize("name", ["", "a b", "-->", "é"])
def test_a_name_is_one_word(place, forge, step, name):
    """
    It stands in a comment of HTML.
    """
    ran = step("opened", "comment", str(place.write("comment.md", "plan")), "--name", name)

    assert (ExitCode.INVALID, []) == (ran.code, forge.log)


def test_what_we_say_elsewhere_is_left_alone(place, forge, step):
    """
    So is what others say, even with our marker.
    """
    forge.comment(7, f"{MARKER}\nforged", by="mallory")
    forge.comment(8, f"{MARKER}\nanother one", by=OURSELVES)
    step("opened", "comment", str(place.write("comment.md", "plan")))

    assert [f"{MARKER}\nforged", f"{MARKER}\nanother one", f"{MARKER}\nplan"] == bodies(
        forge.comments
    )
