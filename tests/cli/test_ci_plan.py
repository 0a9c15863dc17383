"""What a pull request's job plans and says: as its step runs it, on commits as a forge has them."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass

import pytest

from mailstate.errors import ExitCode
from mailstate.statefiles.text import MAX_BYTES
from tests.cli.support import DISABLED, Place
from tests.forge.events import pull_request

NOBODY = dict.fromkeys(("MAILSTATE_URL", "MAILSTATE_PASSWORD"), "")
LEO = "\n      - {local_part: leo, first_name: Léo, last_name: Petit}"


@dataclass
class Checkout:
    """A folder that is a clone, with the history of a pull request."""

    place: Place
    base: str = ""
    tip: str = ""

    def git(self, *arguments):
        who = {"GIT_AUTHOR_NAME": "x", "GIT_AUTHOR_EMAIL": "x@x.example"}
        who |= {name.replace("AUTHOR", "COMMITTER"): value for name, value in who.items()}
        done = subprocess.run(
            ["git", "-c", "init.defaultBranch=main", *arguments],
            cwd=self.place.folder,
            env=os.environ | who,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def commit(self, *paths):
        self.git("add", *(paths or ["state"]))
        self.git("commit", "-qm", "a change")
        return self.git("rev-parse", "HEAD")

    def event(self, *, source=1, **commits):
        told = pull_request(source=source, **{"tip": self.tip, "base": self.base, **commits})
        return "pull_request", told


@pytest.fixture
def checkout(place):
    """The merge that a forge makes of a pull request which asks for one mailbox more."""
    made = Checkout(place)
    made.git("init", "-q")
    made.base = made.commit()
    made.git("switch", "-qc", "work")
    ask_for_leo(place)
    made.tip = made.commit()
    made.git("switch", "-q", "--detach", "main")
    made.git("merge", "-q", "--no-ff", "--no-edit", "work")
    return made


def ask_for_leo(place):
    line = "last_name: L'Été}"
    place.write("state/commune.yaml", place.read("state/commune.yaml").replace(line, line + LEO))


@pytest.fixture
def plan(checkout, step):
    """Give a function that plans the pull request, and gives how that ended and the comment."""

    def run(*arguments, event=None, **environment):
        ran = step(event or checkout.event(), "plan", "--dir", "out", *arguments, **environment)
        return ran, checkout.place.read("out/comment.md")

    return run


def written(place):
    return sorted(path.name for path in (place.folder / "out").iterdir())


def causes(place):
    """Give the addresses in the plan that this pull request asks for."""
    told = json.loads(place.read("out/plan.json"))
    return [
        entry["address"] for entry in (*told["changes"], *told["held"]) if entry["cause"] == "asked"
    ]


def test_a_pull_request_is_planned_and_told_of(checkout, plan):
    """
    In one comment for its tip, in the summary, as JSON and as a page.
    """
    place = checkout.place
    summary = place.folder / "summary.md"
    ran, comment = plan(GITHUB_STEP_SUMMARY=str(summary))

    assert (ExitCode.OK, "") == (ran.code, ran.err)
    assert ["comment.md", "plan.html", "plan.json"] == written(place)
    first, _, verdict, *_ = comment.splitlines()
    assert first == (
        f"For [`{checkout.tip[:10]}`](https://forge.example/commune/mail/commit/{checkout.tip}), "
        "by [this run](https://forge.example/commune/mail/actions/runs/17)."
    )
    assert verdict.startswith("**This pull request: 1 mailbox waits until `commune.example`")
    assert f"/blob/{checkout.tip}/state/commune.yaml#L10)" in comment
    assert f"/blob/{checkout.tip}/state/commune.yaml#L10" in place.read("out/plan.html")
    assert ["mailbox/leo@commune.example"] == causes(place)
    assert f"{comment}\n" == summary.read_text("utf-8")


def test_the_log_has_the_plan_and_no_command_in_it(checkout, plan):
    """
    Commands are stopped around it, with a word that nobody can guess.
    """
    tokens = set()
    for _ in range(2):
        first, *lines = plan()[0].out.splitlines()
        token = first.removeprefix("::stop-commands::")
        tokens.add(token)
        assert len(token) == 64
        end = lines.index(f"::{token}::")
        assert "  + domain/commune.example" in "\n".join(lines[:end])
        assert lines[end + 1].startswith("::notice file=state/commune.yaml,line=")

    assert len(tokens) == 2


def test_faults_are_noted_on_their_lines_and_listed(checkout, plan):
    """
    With an old plan out of the way; what strangers write mentions nobody.
    """
    place = checkout.place
    plan()
    place.write("state/more.yaml", 'domains:\n  - name: "@everyone ![](x)"\n    own: []\n')
    ran, comment = plan()

    assert ExitCode.INVALID == ran.code
    assert ["comment.md"] == written(place)
    assert "**There is no plan:** the state files have 3 errors\n" in comment
    where = f"/blob/{checkout.tip}/state/more.yaml#L2"
    assert f"\n- [`state/more.yaml:2`](https://forge.example/commune/mail{where}): " in comment
    assert "`@everyone ![](x)`" in comment
    assert (
        ": `own` is not a field of a domain (did you mean `owners`?); "
        "correct the name of the field, or remove it (`schema/unknown-field`)\n"
    ) in comment
    assert 3 == ran.out.count("::error file=state/more.yaml,line=")
    assert ran.out.rindex("::stop-commands::") < ran.out.index("::error ")


def test_notes_are_on_the_files_of_the_checkout(checkout, plan):
    """
    Also where the state files are in a folder of the repository; of a plan as of faults.
    """
    folder = checkout.place.folder
    workspace = str(folder.parent)
    ran, _ = plan(GITHUB_WORKSPACE=workspace)
    assert f"::notice file={folder.name}/state/commune.yaml,line=" in ran.out

    checkout.place.write("state/more.yaml", "domains: [x]\n")
    ran, _ = plan(GITHUB_WORKSPACE=workspace)
    assert f"::error file={folder.name}/state/more.yaml,line=1" in ran.out


def test_more_faults_than_a_comment_holds_are_counted(checkout, plan):
    """
    GitHub takes 65,536 characters.
    """
    entries = "".join(f"  - {{name: n{number}.example, x{number}: 1}}\n" for number in range(600))
    checkout.place.write("state/more.yaml", f"domains:\n{entries}")
    ran, comment = plan()
    listed = comment.count("\n- [")
    more = re.search(r"…and ([\d,]+) more", comment)

    assert ExitCode.INVALID == ran.code
    assert 60_000 < len(comment.encode()) <= 65_000
    assert more
    assert f"{listed + int(more[1].replace(',', ''))} errors" in comment


def test_without_credentials_the_snapshot_of_the_last_apply_counts(checkout, plan):
    """
    Which is said wherever the plan is.
    """
    place = checkout.place
    place.write("mailstate.toml", f'service_account = "{place.sandbox.username}"\n')
    place.call("snapshot", "--out", "live.json")
    ran, comment = plan("--live", "live.json", **NOBODY)

    assert (ExitCode.OK, "") == (ran.code, ran.err)
    assert "*This is against the snapshot that the last apply has left" in comment
    assert "This is against the snapshot that the last apply has left" in ran.out
    assert ["mailbox/leo@commune.example"] == causes(place)

    place.write("live.json", "{}")
    assert "against the snapshot" not in plan("--live", "live.json")[1]


@pytest.mark.parametrize("shard", ["out", "./out", "again"])
def test_what_is_merged_spares_the_shards(checkout, plan, step, shard):
    """
    However the directory is called.
    """
    place = checkout.place
    plan("--shard", "1/1")
    (place.folder / "again").symlink_to("out")
    before = place.read("out/plan.json")
    ran = step(checkout.event(), "merge", shard, "--dir", "out")

    assert (ExitCode.USAGE, "") == (ran.code, ran.out)
    assert f"what is merged would take the place of {shard.removeprefix('./')}/plan.json" in ran.err
    assert before == place.read("out/plan.json")


def test_a_plan_spares_the_snapshot_that_it_is_made_against(checkout, step):
    """
    Whatever it is called.
    """
    place = checkout.place
    place.write("out/plan.json", "")
    place.call("snapshot", "--out", "out/plan.json")
    before = place.read("out/plan.json")
    ran = step(checkout.event(), "plan", "--dir", "out", "--live", "out/plan.json")

    assert (ExitCode.USAGE, "") == (ran.code, ran.out)
    assert "the plan would take the place of out/plan.json" in ran.err
    assert before == place.read("out/plan.json")


@pytest.mark.parametrize("arguments", [[], ["--live", "gone.json"]], ids=["none", "gone"])
def test_without_anything_to_plan_against_there_is_no_plan(checkout, plan, arguments):
    """
    Which is an error, and said: it must not look like a plan without changes.
    """
    ran, comment = plan(*arguments, **NOBODY)

    assert ExitCode.REMOTE == ran.code
    assert ["comment.md"] == written(checkout.place)
    assert "**There is no plan:** this run has no credentials for dimail" in comment
    assert f"For [`{checkout.tip[:10]}`]" in comment


@pytest.mark.parametrize(
    ("settings", "environment", "code", "said"),
    [
        ("", {"MAILSTATE_URL": "http://127.0.0.1:9"}, ExitCode.REMOTE, "no connection"),
        ("", {"MAILSTATE_URL": ""}, ExitCode.INVALID, "no dimail is named"),
        ("", {"MAILSTATE_TARGET": "x"}, ExitCode.USAGE, "there is no target `x`"),
        ("prume = 1\nx = 1", {}, ExitCode.INVALID, "- `prume` is no setting"),
    ],
    ids=["out of reach", "nowhere", "no target", "settings"],
)
def test_whatever_goes_wrong_is_said_at_the_pull_request(
    checkout, plan, settings, environment, code, said
):
    """
    In place of the plan of an earlier commit.
    """
    plan()
    checkout.place.write("mailstate.toml", settings)
    ran, comment = plan(**environment)

    assert code == ran.code
    assert ["comment.md"] == written(checkout.place)
    assert "**There is no plan:** " in comment
    assert said in comment
    assert "error: " in ran.err


def test_a_run_that_is_killed_has_left_no_plan(checkout, plan):
    """
    The comment says from the beginning that there is none.
    """
    place = checkout.place
    plan()
    (place.folder / "out/comment.md").unlink()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        about = {"GITHUB_EVENT_NAME": "pull_request", "MAILSTATE_URL": url}
        with place.start("ci", "plan", "--dir", "out", env=about) as process:
            ends = time.monotonic() + 20
            while not (place.folder / "out/comment.md").exists() and time.monotonic() < ends:
                time.sleep(0.05)
            process.send_signal(signal.SIGKILL)

    assert ["comment.md"] == written(place)
    assert "**There is no plan:** the run ended before there was one." in place.read(
        "out/comment.md"
    )


def test_what_a_guard_refuses_fails_the_job(checkout, plan):
    """
    With the plan in the comment: whoever merges it would have a failing apply.
    """
    checkout.place.write("state/closed.yaml", DISABLED)
    ran, comment = plan()

    assert ExitCode.REFUSED == ran.code
    assert "### Refused by a guard" in comment


def test_what_is_asked_is_told_from_the_newest_base(checkout, plan):
    """
    An event names the base that it knew; the merge that is checked out may be newer.
    """
    place = checkout.place
    tip = checkout.tip
    checkout.git("switch", "-q", "main")
    place.write("state/other.yaml", "domains:\n  - {name: o.example, owners: [bob.durand]}\n")
    checkout.commit()
    checkout.git("merge", "-q", "--no-ff", "--no-edit", tip)
    plan()

    assert ["mailbox/leo@commune.example"] == causes(place)


@pytest.mark.parametrize("is_here", [True, False])
def test_the_base_of_the_event_counts_where_no_merge_is_checked_out(checkout, plan, is_here):
    """
    If it is here; else a note says that nothing can be told.
    """
    checkout.git("switch", "-q", "work")
    ran, comment = plan(event=checkout.event() if is_here else checkout.event(base="b" * 40))
    note = "What this pull request asks for cannot be told from what was asked before"

    assert ExitCode.OK == ran.code
    assert (not is_here) == (note in comment) == (note in ran.out)
    assert causes(checkout.place) == (["mailbox/leo@commune.example"] if is_here else [])


def test_only_pull_requests_are_planned_like_this(plan, step):
    """
    There is nobody to read the comment elsewhere.
    """
    ran = step("merged", "plan", "--dir", "out")

    assert ExitCode.INVALID == ran.code
    assert "this run is not about a pull request" in ran.err


@pytest.fixture
def fork(checkout):
    """Trusted files that are checked out, and a branch of a stranger that is only fetched."""
    place = checkout.place
    checkout.git("switch", "-q", "main")
    place.write("mailstate.toml", f'service_account = "{place.sandbox.username}"\n')
    checkout.commit("mailstate.toml")
    checkout.git("switch", "-q", "work")
    checkout.git("merge", "-q", "--no-edit", "main")
    checkout.git("switch", "-q", "main")
    place.write("state/other.yaml", "domains:\n  - {name: o.example, owners: [bob.durand]}\n")
    checkout.base = checkout.commit()
    checkout.git("switch", "-q", "work")
    return checkout


def ask(fork, plan):
    """Have the stranger commit what is in the folder, and plan that as it would be merged."""
    fork.git("add", ".")
    fork.git("commit", "-qm", "please", "--allow-empty")
    fork.tip = fork.git("rev-parse", "HEAD")
    fork.git("switch", "-q", "main")
    before = sorted(fork.place.folder.rglob("*[!a-f0-9]"))
    ran, comment = plan("--merge", fork.tip, event=fork.event(source=2))
    assert before == [
        path
        for path in sorted(fork.place.folder.rglob("*[!a-f0-9]"))
        if not path.is_relative_to(fork.place.folder / "out")
        and path.name not in {"event.json", "out"}
    ]
    return ran, comment


def test_a_strangers_files_are_planned_as_they_would_be_merged(fork, plan):
    """
    What has come to the base since then stays; nothing of theirs is checked out.
    """
    ran, comment = ask(fork, plan)

    assert ExitCode.OK == ran.code
    assert ["mailbox/leo@commune.example"] == causes(fork.place)
    assert "**This pull request: 1 mailbox waits" in comment
    assert "`domain/o.example`" in comment
    assert "Léo" not in fork.place.read("state/commune.yaml")


def test_a_strangers_settings_attributes_and_links_have_no_say(fork, plan):
    """
    No file is hidden from the plan, none outside is read, and the settings stay ours.
    """
    place = fork.place
    place.write("mailstate.toml", 'url = "https://mallory.example"\n')
    place.write(".gitattributes", "state/* export-ignore filter=x diff=x merge=x\n")
    place.write(".gitmodules", '[submodule "x"]\n\tpath = state/x\n\turl = ../x\n')
    ran, _ = ask(fork, plan)
    assert ExitCode.OK == ran.code
    assert ["mailbox/leo@commune.example"] == causes(place)

    fork.git("switch", "-q", "work")
    (place.folder / "state/link.yaml").symlink_to("/etc/passwd")
    ran, comment = ask(fork, plan)
    assert ExitCode.INVALID == ran.code
    assert "this is a symbolic link; it was not followed" in comment


@pytest.mark.parametrize("instead", ["nothing", "a file", "a link", "other files"])
def test_a_stranger_without_state_files_asks_for_no_plan(fork, plan, instead):
    """
    What is not there must not read as files that ask for nothing, and so need no look.
    """
    fork.git("merge", "-q", "--no-edit", "main")
    state = fork.place.folder / "state"
    shutil.rmtree(state)
    if instead == "a file":
        state.write_text("domains: []\n")
    elif instead == "a link":
        state.symlink_to("/etc")
    elif instead == "other files":
        fork.place.write("state/notes.txt", "domains: []\n")
    ran, comment = ask(fork, plan)

    assert ExitCode.INVALID == ran.code
    assert "::error file=state,line=1,col=1,title=file/nothing-found::once it is merged" in ran.out
    assert "once it is merged, there is no" in comment


def test_a_strangers_huge_file_is_a_fault(fork, plan):
    """
    Nothing that it may declare is passed over.
    """
    fork.place.write("state/huge.yaml", b"#" * (MAX_BYTES + 1))
    ran, comment = ask(fork, plan)

    assert ExitCode.INVALID == ran.code
    assert "the file has more than 32 MiB" in comment


def test_changed_settings_are_told_of(checkout, plan):
    """
    What they cause is in no file, and would pass for somebody else's doing.
    """
    place = checkout.place
    _, comment = plan()
    assert "mailstate.toml" not in comment

    checkout.git("switch", "-q", "work")
    place.write("mailstate.toml", 'prune = ["aliases"]\n')
    checkout.tip = checkout.commit("mailstate.toml")
    checkout.git("switch", "-q", "--detach", "main")
    checkout.git("merge", "-q", "--no-ff", "--no-edit", "work")
    ran, comment = plan()

    assert ExitCode.OK == ran.code
    assert "*This pull request changes mailstate.toml as well: what follows from" in comment


def test_a_strangers_settings_are_told_of_and_not_heeded(fork, plan):
    """
    Whoever reviews must not take the plan for one with them.
    """
    _, comment = ask(fork, plan)
    assert "mailstate.toml" not in comment

    fork.git("switch", "-q", "work")
    fork.place.write("mailstate.toml", 'prune = ["aliases"]\n')
    ran, comment = ask(fork, plan)

    assert ExitCode.OK == ran.code
    assert "*This pull request changes mailstate.toml as well. The plan does not heed" in comment


def test_what_cannot_be_merged_is_not_planned(fork, plan):
    """
    Nobody can tell what the files would be.
    """
    place = fork.place
    fork.git("switch", "-q", "main")
    place.write("state/commune.yaml", place.read("state/commune.yaml").replace("Zoé", "Chloé"))
    fork.commit()
    fork.git("switch", "-q", "work")
    place.write("state/commune.yaml", place.read("state/commune.yaml").replace("Zoé", "Noé"))
    ran, comment = ask(fork, plan)

    assert ExitCode.INVALID == ran.code
    assert "**There is no plan:** the pull request cannot be merged into what is checked" in comment


def test_another_commit_than_the_events_is_not_planned(fork, plan):
    """
    It was fetched later; its own run speaks.
    """
    fork.git("switch", "-q", "main")
    ran, comment = plan("--merge", "work", event=fork.event(source=2, tip="d" * 40))

    assert ExitCode.INVALID == ran.code
    assert "another commit was pushed since this run was started" in comment


def test_a_merge_goes_with_no_other_revision(fork, plan):
    """
    `--changed-since` looks at the files in the folder.
    """
    ran, comment = plan("--merge", fork.tip, "--changed-since", "main")

    assert ExitCode.USAGE == ran.code
    assert "look at different files" in comment
