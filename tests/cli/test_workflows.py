"""The workflows and the action do what they promise: from recorded events to what is said."""

import json
import os
import shutil
import subprocess
import sys

import click
import pytest
import yaml

from mailstate.cli.main import mailstate as top
from tests.cli.test_ci_plan import LEO, Checkout
from tests.forge.events import pull_request
from tests.forge.runner import EXAMPLES, GITHUB, Runner

# A story is a dozen commands one after another, on machines that may be slow.
pytestmark = pytest.mark.timeout(240)

SHARDED_PLAN, SHARDED_APPLY = "github-sharded-plan.yml", "github-sharded-apply.yml"
SHARDS = 4
MARKER = "<!-- mailstate plan -->"
NO_PLAN = "**There is no plan:** "


class Story:
    """A repository on the forge, and what happens to it."""

    def __init__(self, place, forge, machines):
        self.place = place
        self.forge = forge
        shutil.copytree(GITHUB / "actions", place.folder / ".github/actions")
        place.write("mailstate.toml", f'service_account = "{place.sandbox.username}"\n')
        self.clone = Checkout(place)
        self.git = self.clone.git
        self.git("init", "-q")
        self.git("config", "uploadpack.allowAnySHA1InWant", "true")
        self.main = self.clone.commit(".")
        self.git("branch", "work")
        self.runner = Runner(machines, place.folder, forge)
        self.runner.secrets |= place.settings

    def pushed(self, files):
        """Somebody pushes *files* to the branch of the pull request."""
        self.git("switch", "-q", "work")
        for name, text in files.items():
            self.place.write(name, text)
        tip = self.clone.commit()
        self.git("update-ref", "refs/pull/7/head", tip)
        self.forge.pulls[7] = {"number": 7, "head": {"sha": tip}}
        self.git("switch", "-q", "--detach", "main")
        self.git("merge", "-q", "--no-ff", "--no-edit", tip)
        merge = self.git("rev-parse", "HEAD")
        self.git("update-ref", "refs/pull/7/merge", merge)
        self.git("switch", "-q", "main")
        return tip, merge

    def plan(self, files, *, source=1, workflow="plan.yml"):
        """Give what plan.yml makes of a push."""
        tip, merge = self.pushed(files)
        told = pull_request(source=source, tip=tip, base=self.main)
        return self.runner.run(workflow, "pull_request", told, merge)

    def plan_fork(self):
        """Give what fork.yml makes of the last push, which came from a fork."""
        tip = self.forge.pulls[7]["head"]["sha"]
        told = pull_request(source=2, tip=tip, base=self.main)
        return self.runner.run("fork.yml", "pull_request_target", told, self.main)

    def merge(self):
        self.git("switch", "-q", "main")
        self.git("merge", "-q", "--ff-only", "refs/pull/7/merge")
        self.main = self.git("rev-parse", "HEAD")

    def apply(self, event="push", *, workflow="apply.yml"):
        """Give what apply.yml makes of a merge, or of the hour."""
        return self.runner.run(workflow, event, {"ref": "refs/heads/main"}, self.main)

    def comment(self):
        """Give the one comment."""
        (said,) = [one["body"] for one in self.forge.comments.values()]
        return said

    def issues(self):
        return [one["state"] for one in self.forge.issues.values()]

    def is_there(self, mailbox):
        return any(effect.object == mailbox for effect in self.place.sandbox.effects())


@pytest.fixture
def story(place, forge, tmp_path_factory):
    return Story(place, forge, tmp_path_factory.mktemp("machines"))


def results(jobs):
    return {name: job.result for name, job in jobs.items()}


def with_leo(story):
    text = story.place.read("state/commune.yaml")
    return {"state/commune.yaml": text.replace("last_name: L'Été}", f"last_name: L'Été}}{LEO}")}


def test_a_pull_request_from_its_opening_to_its_apply(story):
    """
    One comment, written anew at each push; what is merged is applied, and leaves a snapshot.
    """
    opened = story.plan({"state/commune.yaml": "domains: no\n"})
    assert {"plan": "failure", "comment": "success"} == results(opened)
    assert f"{NO_PLAN}the state files have 1 error\n" in story.comment()
    assert "::error file=state/commune.yaml,line=1," in opened["plan"].log

    synchronised = story.plan(with_leo(story))
    tip = story.forge.pulls[7]["head"]["sha"]
    assert {"plan": "success", "comment": "success"} == results(synchronised)
    assert story.comment().startswith(f"{MARKER}\nFor [`{tip[:10]}`](")
    assert "**This pull request: 1 mailbox waits until" in story.comment()
    assert f"{story.comment().removeprefix(MARKER).strip()}\n\n" == synchronised["plan"].summary

    assert "Léo" in (synchronised["plan"].folder / "state/commune.yaml").read_text("utf-8")
    assert "Léo" not in (synchronised["comment"].folder / "state/commune.yaml").read_text("utf-8")

    story.merge()
    story.place.sandbox.publish_dns("commune.example")
    merged = story.apply()
    assert {"apply": "success", "tell": "success"} == results(merged)
    assert story.is_there("leo@commune.example")
    assert ["snapshot"] == [
        one["name"] for one in story.forge.artifacts.values() if one["name"] == "snapshot"
    ]
    assert [] == story.issues()
    assert merged["tell"].summary.startswith("### All is well\n")


def test_a_fork_is_planned_against_the_snapshot_and_without_a_secret(story):
    """
    Red while there is none; its one comment comes from the workflow that runs nothing of it.
    """
    first = story.plan(with_leo(story), source=2)
    told = story.plan_fork()
    assert {"plan": "failure", "comment": "skipped"} == results(first)
    assert {"plan": "failure", "comment": "success"} == results(told)
    assert f"{NO_PLAN}this run has no credentials" in story.comment()

    story.place.call("snapshot", "--out", "live.json")
    story.forge.artifact("snapshot", {"live.json": story.place.read("live.json")})
    (story.place.folder / "live.json").unlink()
    told = story.plan_fork()
    assert {"plan": "success", "comment": "success"} == results(told)
    assert "against the snapshot that the last apply has left" in story.comment()
    assert "**This pull request: 1 mailbox waits until" in story.comment()
    assert "Léo" not in (told["plan"].folder / "state/commune.yaml").read_text("utf-8")


def test_applies_that_fail_have_one_issue_until_they_recover(story):
    """
    By the merge, by the hour; a run that did nothing is told as well.
    """
    password = story.runner.secrets["MAILSTATE_PASSWORD"]
    story.runner.secrets["MAILSTATE_PASSWORD"] = "it was changed"
    failing = story.apply()
    again = story.apply("schedule")
    assert {"apply": "failure", "tell": "success"} == results(failing) == results(again)
    assert ["open"] == story.issues()
    (issue,) = story.forge.issues.values()
    assert "or refused the credentials" in issue["body"]
    assert "by the schedule" in issue["body"]
    assert not [one for one in story.forge.artifacts.values() if one["name"] == "snapshot"]

    story.runner.secrets["MAILSTATE_PASSWORD"] = password
    recovering = story.apply("schedule")
    assert {"apply": "success", "tell": "success"} == results(recovering)
    assert ["closed"] == story.issues()


def test_a_pull_request_that_is_planned_and_applied_in_shards(story):
    """
    One comment, of the plan of all shards; or of why a shard has none.
    """
    others = {
        f"state/d{number}.yaml": f"domains: [{{name: d{number}.example, owners: [bob.durand]}}]\n"
        for number in range(6)
    }
    faulty = story.plan({"state/commune.yaml": "domains: no\n"}, workflow=SHARDED_PLAN)
    assert {"failure"} == {faulty["plan"].result, faulty["comment"].result}
    assert f"{NO_PLAN}the state files have 1 error\n" in story.comment()

    planned = story.plan({**with_leo(story), **others}, workflow=SHARDED_PLAN)
    assert {"success"} == set(results(planned).values())
    assert "**This pull request: 6 domains" in story.comment()
    plan = json.loads((planned["comment"].folder / "mailstate-plan/plan.json").read_text("utf-8"))
    assert plan["selection"] is None

    story.merge()
    for number in range(6):
        story.place.sandbox.publish_dns(f"d{number}.example")
    story.place.sandbox.publish_dns("commune.example")
    merged = story.apply(workflow=SHARDED_APPLY)
    assert {"success"} == set(results(merged).values()), merged["apply"].errors
    assert story.is_there("leo@commune.example")
    assert [] == story.issues()
    again = story.place.call("plan", "--detailed-exitcode")
    assert 0 == again.code, again.out
    report = json.loads((merged["tell"].folder / "mailstate-apply/report.json").read_text("utf-8"))
    assert report["summary"]["planned"] == report["summary"]["applied"]
    assert len(story.runner.caches) == SHARDS


@pytest.mark.slow  # the same way as the story above, another end
def test_shards_that_fail_have_one_issue(story):
    """
    It says what the gravest of them says.
    """
    story.runner.secrets["MAILSTATE_PASSWORD"] = "it was changed"
    unplanned = story.apply(workflow=SHARDED_APPLY)
    assert ("failure", "skipped") == (unplanned["plan"].result, unplanned["apply"].result)
    assert ["open"] == story.issues()
    (issue,) = story.forge.issues.values()
    assert "it did not come to its end" in issue["title"]


@pytest.mark.parametrize(
    ("shards", "code", "ends"),
    [
        ({"1": None}, 0, 0),
        ({"1": None, "2": 12}, 12, 12),
        ({"1": None, "2": 4}, 3, 4),
        ({}, 3, 3),
    ],
)
def test_the_apply_of_all_shards_ends_as_its_gravest(act, tmp_path, shards, code, ends):
    """
    As their reports say; where one has left none, as that one has ended.
    """
    for name, ended in shards.items():
        folder = tmp_path / "mailstate-shards" / name
        folder.mkdir(parents=True)
        (folder / "exit-code").write_text(str(ended or 0))
        (folder / "journal.jsonl").write_text(f"{name}\n")
        if ended != 4:
            (folder / "report.json").write_text("{}")
    out = "while [ $1 != --out ]; do shift; done; "
    ran = act(
        "merge-reports", f"{out if code != 3 else ''}[ {code} = 3 ] || echo x >$2; exit {code}"
    )

    assert (0, str(ends)) == (
        ran.returncode,
        (tmp_path / "mailstate-apply/exit-code").read_text().strip(),
    )
    assert "".join(f"{name}\n" for name in shards) == (
        (tmp_path / "mailstate-apply/journal.jsonl").read_text()
    )


def test_apply_holds_to_the_plan_that_it_is_given(act):
    """
    And makes none of its own.
    """
    ran = act("apply", 'echo "$*"', PLAN="mailstate-plan/plan.json", ARGUMENTS="--shard\n1/2")
    _, applied, _ = ran.stdout.splitlines()

    assert applied.startswith("apply mailstate-plan/plan.json --yes --journal ")
    assert applied.endswith(" --shard 1/2")


def test_a_fork_that_has_gone_has_a_comment_without_a_plan(story):
    """
    What stands there is for an earlier commit, and must not be taken for this one's plan.
    """
    story.pushed(with_leo(story))
    story.git("update-ref", "-d", "refs/pull/7/head")
    story.forge.comment(7, f"{MARKER}\nthe plan of yesterday")
    told = story.plan_fork()

    assert {"plan": "failure", "comment": "success"} == results(told)
    assert f"{NO_PLAN}the run ended before there was one." in story.comment()


@pytest.mark.parametrize("name", [SHARDED_PLAN, SHARDED_APPLY])
def test_all_shards_together_ask_no_more_at_once_than_one_run_does(name):
    """
    Four of them, one call each: at eight calls at once a dimail was seen to stand still.
    """
    jobs = yaml.safe_load((EXAMPLES / name).read_text("utf-8"))["jobs"]
    sharded = [job for job in jobs.values() if "strategy" in job]
    asked = [
        (len(job["strategy"]["matrix"]["shard"]), step["with"]["arguments"].split())
        for job in sharded
        for step in job["steps"]
        if step.get("with", {}).get("command") in {"plan", "apply"}
    ]

    assert len(sharded) == len(asked)
    assert {(SHARDS, "1")} == {
        (shards, words[words.index("--concurrency") + 1]) for shards, words in asked
    }


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("plan.yml", ({"plan"}, {"comment"})),
        ("fork.yml", (set(), {"comment"})),
        ("apply.yml", ({"apply"}, {"tell"})),
        (SHARDED_PLAN, ({"plan"}, {"comment"})),
        (SHARDED_APPLY, ({"plan", "apply", "snapshot"}, {"tell"})),
    ],
)
def test_what_may_write_to_the_forge_knows_no_secret(name, expected):
    """
    And no job has more rights than it names.
    """
    folder = GITHUB / "workflows" if (GITHUB / "workflows" / name).exists() else EXAMPLES
    workflow = yaml.safe_load((folder / name).read_text("utf-8"))
    writing = {
        job for job, told in workflow["jobs"].items() if "write" in told["permissions"].values()
    }
    knowing = {job for job, told in workflow["jobs"].items() if "secrets." in str(told)}

    assert {} == workflow["permissions"]
    assert expected == (knowing, writing)


@pytest.fixture
def act(tmp_path):
    """Give a function that runs one step of the action, with a stand-in for mailstate."""
    commands = tmp_path / "mailstate/bin"
    commands.mkdir(parents=True)
    (commands / "python").symlink_to(sys.executable)

    def run(command, script, **environment):
        file = commands / "mailstate"
        file.write_text(f"#!/usr/bin/env bash\n{script}\n", encoding="utf-8")
        file.chmod(0o755)
        return subprocess.run(
            ["bash", GITHUB / "actions/mailstate/run.sh"],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "RUNNER_TEMP": str(tmp_path), "COMMAND": command}
            | environment,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_nothing_that_apply_prints_is_a_command_to_the_runner(act):
    """
    Commands are stopped around it, with a word that nobody can guess.
    """
    tokens = set()
    for _ in range(2):
        first, *within, last = act("apply", "echo '::error::out'").stdout.splitlines()
        token = first.removeprefix("::stop-commands::")
        tokens.add(token)
        assert (["::error::out"] * 2, f"::{token}::") == (within, last)
        assert len(token) == 64

    assert len(tokens) == 2


@pytest.mark.parametrize(
    ("script", "code", "calls"),
    [
        ("", 0, ["plan", "apply"]),
        ("[ $1 != plan ] || exit 4", 4, ["plan"]),
        ("[ $1 != apply ] || exit 12", 12, ["plan", "apply"]),
    ],
)
def test_apply_ends_as_mailstate_ends_and_the_issue_hears_of_it(act, tmp_path, script, code, calls):
    """
    Without a plan nothing is applied.
    """
    log = 'echo "$*" >>calls; '
    (tmp_path / "mailstate-apply").mkdir()
    (tmp_path / "mailstate-apply/report.json").write_text("of an earlier run")
    ran = act("apply", log + script)
    made = (tmp_path / "calls").read_text().splitlines()
    act("issue", log, HELD_DAYS="5")
    told = (tmp_path / "calls").read_text().splitlines()[-1]

    assert (code, calls) == (ran.returncode, [line.split()[0] for line in made])
    assert told.startswith(f"ci issue --exit-code {code} --held-days 5 --report mailstate-apply/")
    assert not (tmp_path / "mailstate-apply/report.json").exists()


def test_an_apply_that_was_killed_or_never_began_is_told_as_such(act, tmp_path):
    """
    By the codes for "interrupted" and for "failed".
    """
    echo = 'echo "$*"'
    never = act("issue", echo, HELD_DAYS="3").stdout
    act("apply", "kill -9 $PPID")
    killed = act("issue", echo, HELD_DAYS="3").stdout

    assert never.startswith("ci issue --exit-code 1 ")
    assert killed.startswith("ci issue --exit-code 5 ")


def test_arguments_come_one_on_each_line(act):
    """
    Whatever is in them; empty lines are none.
    """
    lines = "--only\n\n$(touch x) *\n--target\na b\n"
    ran = act("validate", 'printf "<%s>" "$@"', ARGUMENTS=lines)

    assert "<validate><--format><github><--only><$(touch x) *><--target><a b>" == ran.stdout


def test_apply_waits_if_it_is_asked_to(act):
    """
    Its plan is not.
    """
    ran = act("apply", 'echo "$*"', WAIT="15m", ARGUMENTS="--target\nproduction")
    _, planned, applied, _ = ran.stdout.splitlines()

    assert "plan --out mailstate-apply/plan.json --target production" == planned
    assert applied.startswith("apply mailstate-apply/plan.json --yes --wait 15m --journal ")
    assert applied.endswith(" --target production")


def test_what_is_no_command_is_refused(act):
    """
    With those that there are.
    """
    ran = act("aply", "")

    assert (2, "") == (ran.returncode, ran.stdout)
    assert "there is no command `aply`: validate, plan, merge, comment, apply" in ran.stderr


def test_installing_gives_nobody_the_credentials(tmp_path):
    """
    They are in the environment of the whole action, and only its last step needs them.
    """
    (tmp_path / "python").write_text("#!/bin/sh\nenv >>environment\nexit 1\n")
    (tmp_path / "python").chmod(0o755)
    secret = dict.fromkeys(("GITHUB_TOKEN", "MAILSTATE_PASSWORD", "MAILSTATE_SMTP_URL"), "hushhush")
    done = subprocess.run(
        ["bash", GITHUB / "actions/mailstate/install.sh"],
        cwd=tmp_path,
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "RUNNER_TEMP": str(tmp_path)} | secret,
        check=False,
    )

    assert 1 == done.returncode
    assert "RUNNER_TEMP" in (tmp_path / "environment").read_text()
    assert "hushhush" not in (tmp_path / "environment").read_text()


def scripts(told):
    """Give each piece of shell in a pipeline."""
    if isinstance(told, dict):
        for key, value in told.items():
            if key in {"run", "script"}:
                yield from [value] if isinstance(value, str) else value
            else:
                yield from scripts(value)
    elif isinstance(told, list):
        for value in told:
            yield from scripts(value)


@pytest.mark.parametrize("name", ["forgejo.yml", "gitlab.yml"])
def test_what_pipelines_of_other_forges_call_is_there(name):
    """
    Nobody has run them, but their commands and options are ours.
    """
    text = (GITHUB.parent / "docs/ci" / name).read_text("utf-8")
    lines = "\n".join(scripts(yaml.safe_load(text))).replace("\\\n", " ").splitlines()
    calls = [line.split() for line in lines if line.lstrip().startswith("mailstate ")]

    assert {"plan", "apply"} <= {words[1] for words in calls}
    for _, *words in calls:
        command: click.Command | None = top
        while isinstance(command, click.Group):
            command = command.get_command(click.Context(command), words.pop(0))
        assert command
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known
