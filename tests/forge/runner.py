"""
A stand-in for the machines that run workflows: each job in a folder of its own, step by step.

It reads the workflows and the composite action of this repository as they are, runs their shell,
and does what the actions of others do: checking out, artifacts, caches. Expressions are evaluated
as far as our workflows have any.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

from tests.forge.stub import TOKEN, Forge

GITHUB = Path(__file__).parent.parent.parent / ".github"
EXAMPLES = GITHUB.parent / "docs/ci"
_ACTION = "./.github/actions/mailstate"


@dataclass
class Job:
    """What became of a job: its result, its folder, what it logged, and its summary."""

    folder: Path
    result: str = "success"
    log: str = ""
    summary: str = ""
    errors: list[str] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)


class Runner:
    """
    Runs the workflows of *origin*, a repository that Git can fetch from, in folders below *home*.

    `secrets` are those of the repository, which no run of a fork's workflows gets.
    """

    def __init__(self, home: Path, origin: Path, forge: Forge) -> None:
        self.home = home
        self.origin = origin
        self.forge = forge
        self.secrets: dict[str, str] = {}
        self.caches: dict[str, bytes] = {}
        self._runs = 0

    def run(self, workflow: str, event: str, told: Mapping[str, Any], sha: str) -> dict[str, Job]:
        """What becomes of each job of *workflow* when *event* starts it at commit *sha*."""
        self._runs += 1
        run = _Run(self, event, told, sha, number=self._runs)
        path = GITHUB / "workflows" / workflow
        path = path if path.exists() else EXAMPLES / workflow
        for name, job in yaml.safe_load(path.read_text("utf-8"))["jobs"].items():
            run.job(name, job)
        return run.jobs


class _Run:
    def __init__(
        self, runner: Runner, event: str, told: Mapping[str, Any], sha: str, *, number: int
    ) -> None:
        self._runner = runner
        self._home = runner.home / f"run-{number}"
        self._sha = sha
        self._artifacts: dict[str, Path] = {}
        self.jobs: dict[str, Job] = {}
        pull = told.get("pull_request", {})
        # Where a fork has a say in what is run, there is no secret.
        is_fork = (
            event == "pull_request" and pull["head"]["repo"]["id"] != pull["base"]["repo"]["id"]
        )
        self._context: dict[str, Any] = {
            "github": {
                "event": {"repository": {"default_branch": "main"}, **told},
                "ref": "refs/pull/7/merge" if pull else "refs/heads/main",
                "repository": runner.forge.repository,
                "run_id": str(number),
                "run_attempt": "1",
                "token": TOKEN,
            },
            "secrets": {} if is_fork else runner.secrets,
            "needs": {},
        }
        self._event = event

    def job(self, name: str, job: Mapping[str, Any]) -> None:
        """Run a job; one with a matrix as many times, and with the worst result of them."""
        matrix = job.get("strategy", {}).get("matrix", {"shard": [None]})
        made = []
        for shard in matrix["shard"]:
            self._context["matrix"] = {"shard": str(shard)}
            self._context["strategy"] = {"job-total": str(len(matrix["shard"]))}
            made.append(self._one(name if shard is None else f"{name}-{shard}", job))
        results = [one.result for one in made]
        worst = max(results, key=["skipped", "success", "failure"].index)
        self.jobs[name] = made[results.index(worst)]

    def _one(self, name: str, job: Mapping[str, Any]) -> Job:
        folder = self._home / name
        (folder / "work").mkdir(parents=True)
        (folder / "temp/mailstate/bin").mkdir(parents=True)
        self._install(folder / "temp/mailstate")
        made = Job(folder / "work")
        self._context["needs"] = {
            one: {"result": done.result, "outputs": done.outputs} for one, done in self.jobs.items()
        }
        needed = job.get("needs", [])
        needed = [needed] if isinstance(needed, str) else needed
        before = [self.jobs[one].result for one in needed]
        status = next((result for result in before if result != "success"), "success")
        if not self._holds(job.get("if"), status):
            made.result = "skipped"
            return made
        for step in job["steps"]:
            is_run = self._holds(step.get("if"), made.result)
            if is_run and not self._step(step, made) and not step.get("continue-on-error"):
                made.result = "failure"
        return made

    def _install(self, folder: Path) -> None:
        """What install.sh would put there."""
        (folder / ".ready").touch()
        (folder / "bin/python").symlink_to(sys.executable)
        command = folder / "bin/mailstate"
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m mailstate "$@"\n', "utf-8")
        command.chmod(0o755)

    def _step(self, step: Mapping[str, Any], job: Job) -> bool:
        given = {key: self._filled(value) for key, value in step.get("with", {}).items()}
        if "run" in step:
            return self._shell(step["run"], job)
        match step["uses"].partition("@")[0]:
            case "actions/checkout":
                return self._check_out(job.folder, given)
            case "actions/upload-artifact":
                return self._upload(job.folder / given["path"], given["name"])
            case "actions/download-artifact":
                return self._download(job.folder / given["path"], given)
            case "actions/cache/restore":
                return self._restore(job.folder / given["path"], given["restore-keys"])
            case "actions/cache/save":
                return self._save(job.folder / given["path"], given["key"])
            case action if action == _ACTION:
                return self._act(step, given, job)
            case other:
                raise AssertionError(f"nobody here knows {other}")

    def _act(self, step: Mapping[str, Any], given: Mapping[str, str], job: Job) -> bool:
        """Our own action, as the job has checked it out."""
        path = job.folder / _ACTION
        action = yaml.safe_load((path / "action.yml").read_text("utf-8"))
        unknown = given.keys() - action["inputs"].keys()
        assert not unknown, unknown
        inputs = {name: str(one.get("default", "")) for name, one in action["inputs"].items()}
        self._context["inputs"] = {**inputs, **given}
        outer = self._environment(job, path, step)
        for inner in action["runs"]["steps"]:
            if "run" not in inner:
                continue
            directory = self._filled(inner.get("working-directory", "."))
            env = {name: self._filled(text) for name, text in inner.get("env", {}).items()}
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", inner["run"]],
                cwd=job.folder / directory,
                env={**outer, **env},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                timeout=120,
            )
            job.log += done.stdout
            job.errors.append(done.stderr)
            if done.returncode:
                return False
        job.summary = Path(outer["GITHUB_STEP_SUMMARY"]).read_text("utf-8")
        return True

    def _environment(self, job: Job, action: Path, step: Mapping[str, Any]) -> dict[str, str]:
        temp = job.folder.parent / "temp"
        event = temp / "event.json"
        event.write_text(json.dumps(self._context["github"]["event"]), "utf-8")
        summary = temp / "summary.md"
        summary.touch()
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(temp),
            "CI": "true",
            "GITHUB_ACTION_PATH": str(action),
            "GITHUB_ACTOR": "alice",
            "GITHUB_API_URL": self._runner.forge.url,
            "GITHUB_EVENT_NAME": self._event,
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_REPOSITORY": self._runner.forge.repository,
            "GITHUB_RUN_ID": self._context["github"]["run_id"],
            "GITHUB_SERVER_URL": "https://forge.example",
            "GITHUB_SHA": self._sha,
            "GITHUB_STEP_SUMMARY": str(summary),
            "GITHUB_WORKSPACE": str(job.folder),
            "RUNNER_TEMP": str(temp),
            **{name: self._filled(text) for name, text in step.get("env", {}).items()},
        }

    def _check_out(self, folder: Path, given: Mapping[str, str]) -> bool:
        depth = int(given.get("fetch-depth", "1"))
        assert given["persist-credentials"] == "False"
        _git(folder, "init", "-q")
        _git(folder, "remote", "add", "origin", self._runner.origin.as_uri())
        wanted = given.get("ref") or self._sha
        _git(folder, "fetch", "-q", *([f"--depth={depth}"] if depth else []), "origin", wanted)
        _git(folder, "checkout", "-q", "--detach", "FETCH_HEAD")
        return True

    def _upload(self, path: Path, name: str) -> bool:
        if not path.exists():
            return True  # GitHub warns, and makes none
        assert name not in self._artifacts
        kept = self._home / "artifacts" / name
        files = [one for one in path.rglob("*") if one.is_file()] if path.is_dir() else [path]
        for file in files:
            target = kept / file.relative_to(path if path.is_dir() else path.parent)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
        self._artifacts[name] = kept
        texts = {str(file.relative_to(kept)): file.read_text("utf-8") for file in kept.rglob("*.*")}
        is_ours = self._context["github"]["ref"] == "refs/heads/main"
        self._runner.forge.artifact(name, texts, branch="main" if is_ours else "work")
        return True

    def _download(self, path: Path, given: Mapping[str, str]) -> bool:
        """The one that has a name, or below its own name each that fits a pattern."""
        if pattern := given.get("pattern"):
            for name, kept in self._artifacts.items():
                if fnmatchcase(name, pattern):
                    shutil.copytree(kept, path / name)
            return True
        if given["name"] not in self._artifacts:
            return False
        shutil.copytree(self._artifacts[given["name"]], path)
        return True

    def _shell(self, script: str, job: Job) -> bool:
        """A step in bash, which may tell outputs of its job."""
        told = job.folder.parent / "temp/outputs"
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script],
            cwd=job.folder,
            env={"PATH": os.environ["PATH"], "GITHUB_OUTPUT": str(told)},
            check=False,
        )
        job.outputs |= dict(line.split("=", 1) for line in told.read_text("utf-8").splitlines())
        return not done.returncode

    def _restore(self, path: Path, key: str) -> bool:
        if found := self._runner.caches.get(key):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(found)
        return True

    def _save(self, path: Path, key: str) -> bool:
        if path.exists():
            run = f"{self._context['github']['run_id']}-{self._context['github']['run_attempt']}"
            self._runner.caches[key.removesuffix(run)] = path.read_bytes()
        return True

    def _holds(self, condition: str | None, status: str) -> bool:
        """Whether a job or step runs; without a word about the status, only after success."""
        text = re.sub(r"^\$\{\{(.*)\}\}$", r"\1", condition or "").strip()
        is_status_named = re.search(r"\b(always|cancelled|failure)\(\)", text)
        if status != "success" and not is_status_named:
            return False
        return all(self._is_true(part.strip()) for part in text.split("&&") if part)

    def _is_true(self, term: str) -> bool:
        if term in {"always()", "!cancelled()"}:
            return True
        left, operator, right = re.split(r" ([=!]=) ", term)
        return (self._value(left) == self._value(right)) is (operator == "==")

    def _filled(self, text: object) -> str:
        """*text* with its expressions evaluated."""
        return re.sub(r"\$\{\{ (\S+) \}\}", lambda found: str(self._value(found[1])), str(text))

    def _value(self, term: str) -> Any:
        if term.startswith("'"):
            return term.strip("'")
        value: Any = self._context
        for name in term.split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
        return "" if value is None else value


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)
