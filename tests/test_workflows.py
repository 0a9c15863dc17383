"""The steps of the workflows do what they promise: their shell is run, with stand-ins around it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

GITHUB = Path(__file__).parent.parent / ".github"


class Runner:
    """A stand-in for GitHub's runner: one folder, one step at a time."""

    def __init__(self, home):
        self.home = home
        self.summary = home / "summary.md"
        self.output = home / "output"
        (home / ".venv/bin").mkdir(parents=True)
        (home / "bin").mkdir()
        (home / ".github").symlink_to(GITHUB)
        (home / "bin/python").symlink_to(sys.executable)
        self.summary.touch()
        self.output.touch()

    def command(self, path, script):
        """Put a command where the step will look for it."""
        file = self.home / path
        file.write_text(f"#!/usr/bin/env bash\n{script}\n", encoding="utf-8")
        file.chmod(0o755)

    def run(self, workflow, job, step, **environment):
        """Run the shell of one step, as the runner does."""
        jobs = yaml.safe_load((GITHUB / "workflows" / workflow).read_text(encoding="utf-8"))["jobs"]
        (script,) = [each["run"] for each in jobs[job]["steps"] if each.get("name") == step]
        return subprocess.run(
            ["bash", "-e", "-c", script],
            cwd=self.home,
            env=os.environ
            | {
                "PATH": f"{self.home / 'bin'}:{os.environ['PATH']}",
                "GITHUB_STEP_SUMMARY": str(self.summary),
                "GITHUB_OUTPUT": str(self.output),
                "GITHUB_REPOSITORY": "example/mail",
                "RUN": "https://github.example/run",
            }
            | environment,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def runner(tmp_path):
    return Runner(tmp_path)


def test_without_credentials_the_plan_fails_and_says_that_there_is_none(runner):
    """
    A plan that was skipped must not look like one without changes.
    """
    step = runner.run("plan.yml", "plan", "Look for credentials", MAILSTATE_URL="")

    assert step.returncode == 1
    assert "There is no plan" in runner.summary.read_text()
    assert step.stdout.startswith("::error title=No plan::")


def test_with_credentials_the_plan_goes_on(runner):
    """
    Silently.
    """
    step = runner.run("plan.yml", "plan", "Look for credentials", MAILSTATE_URL="https://a.example")

    assert (step.returncode, step.stdout, runner.summary.read_text()) == (0, "", "")


@pytest.mark.parametrize(
    ("code", "ends", "verdict"),
    [
        (0, 0, "nothing to do"),
        (1, 1, "**no plan:** mailstate ended with exit code 1"),
        (3, 3, "**no plan:** the files or settings are invalid"),
        (4, 4, "**no plan:** dimail could not be read completely"),
        (10, 0, "changes to make"),
        (11, 0, "nothing to do now, but something is held or in conflict"),
        (12, 12, "**refused by a guard**"),
    ],
)
def test_whatever_the_plan_ends_with_is_shown(runner, code, ends, verdict):
    """
    Green only where there is a plan that may be merged.
    """
    runner.command(".venv/bin/mailstate", f"echo the plan; echo a warning >&2; exit {code}")

    step = runner.run("plan.yml", "plan", "Plan", HEAD="0123abc")

    comment = (runner.home / "comment.md").read_text()
    assert step.returncode == ends
    assert runner.output.read_text() == "planned=yes\n"
    assert comment.startswith(f"<!-- mailstate plan -->\n### mailstate: {verdict}\n\nFor 0123abc,")
    assert "```text\nthe plan\na warning\n```" in comment
    assert "```text\nthe plan\na warning\n```" in runner.summary.read_text()


def test_a_plan_too_long_for_a_comment_is_cut_and_points_to_the_whole(runner):
    """
    GitHub takes 65,536 characters and refuses the rest.
    """
    runner.command(".venv/bin/mailstate", 'for i in $(seq 5000); do echo "line $i of é"; done')

    runner.run("plan.yml", "plan", "Plan", HEAD="0123abc")

    comment = (runner.home / "comment.md").read_text()
    assert 60_000 < len(comment) < 65_536
    assert "more lines are not shown here:** see the artifact `plan`" in comment
    assert "line 5000 of é" in runner.summary.read_text()


@pytest.mark.parametrize(
    ("workflow", "job", "step"), [("plan.yml", "plan", "Plan"), ("apply.yml", "apply", "Apply")]
)
def test_nothing_that_is_printed_is_a_command_to_the_runner(runner, workflow, job, step):
    """
    Commands are stopped around it, with a word that nobody can guess.
    """
    runner.command(".venv/bin/mailstate", "echo '::error::out'; echo '##[add-mask]out'")

    tokens = []
    for _ in range(2):
        first, *within, last = runner.run(workflow, job, step, HEAD="0123abc").stdout.splitlines()
        tokens.append(first.removeprefix("::stop-commands::"))
        assert within == ["::error::out", "##[add-mask]out"]
        assert last == f"::{tokens[-1]}::"

    assert len(tokens[0]) == 64
    assert tokens[0] != tokens[1]


@pytest.mark.parametrize("code", [0, 1, 4, 12])
def test_apply_ends_as_mailstate_ends(runner, code):
    """
    What was printed is kept for the summary.
    """
    runner.command(".venv/bin/mailstate", f'echo "mailstate $*"; exit {code}')

    step = runner.run("apply.yml", "apply", "Apply")
    runner.run("apply.yml", "apply", "Summary")

    assert step.returncode == code
    assert (
        "```text\nmailstate apply --yes --journal journal.jsonl --report report.json\n```"
        in runner.summary.read_text()
    )


def test_an_apply_that_never_began_has_a_summary_too(runner):
    """
    An empty one.
    """
    assert runner.run("apply.yml", "apply", "Summary").returncode == 0
    assert runner.summary.read_text().startswith("### mailstate apply\n")


@pytest.mark.parametrize(
    ("found", "call"),
    [
        ("", "--method POST repos/example/mail/issues/7/comments"),
        ("11\n12\n", "--method PATCH repos/example/mail/issues/comments/11"),
    ],
)
def test_there_is_one_comment(runner, found, call):
    """
    Written at first, written anew later.
    """
    (runner.home / "found").write_text(found)
    runner.command("bin/gh", 'if [ "$2" = --paginate ]; then cat found; else echo "$*"; fi')

    step = runner.run(
        "plan.yml", "comment", "Write the comment, or write it anew", NUMBER="7", GH_TOKEN="x"
    )

    assert step.stdout == f"api --silent {call} --field body=@comment.md\n"


def test_a_comment_that_is_refused_is_noticed(runner):
    """
    A reviewer would take the old one for the plan.
    """
    runner.command("bin/gh", '[ "$2" = --paginate ]')

    step = runner.run(
        "plan.yml", "comment", "Write the comment, or write it anew", NUMBER="7", GH_TOKEN="x"
    )

    assert step.returncode != 0
