"""
What started this run: the forge's own account of it, from the environment and the event file.

GitHub Actions and Forgejo Actions set the same variables. Of an event only numbers, commits and
names of the form that the forge itself gives are taken; titles and branches come from strangers.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mailstate.errors import SettingsError

_REPOSITORY = re.compile(r"(?!\.\.?/)[A-Za-z0-9_.-]+/(?!\.\.?$)[A-Za-z0-9_.-]+")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_PERSON = re.compile(r"[A-Za-z0-9_.-]+(\[bot\])?")
_HINT = "this command is for a step of a workflow, on GitHub or Forgejo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pull:
    """A pull request: its number, the commits that it asks to merge and to merge into."""

    number: int
    head: str
    base: str
    is_fork: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """
    Why and where a run was started.

    `commit` is what it looks at: of a pull request its tip, and not the merge that the forge
    makes of it. `actor` is who caused it, empty for a schedule. `files` is what the forge has
    between the address of a repository and a commit, to show its files.
    """

    name: str
    repository: str
    server: str
    api: str
    commit: str
    actor: str
    run: str
    pull: Pull | None = None
    files: str = "blob"

    @property
    def run_url(self) -> str:
        """Where this run is to be seen."""
        return f"{self.server}/{self.repository}/actions/runs/{self.run}"

    @property
    def files_url(self) -> str:
        """What the path of a file is put behind, to see it as it was in this run."""
        return f"{self.server}/{self.repository}/{self.files}/{self.commit}"

    @property
    def commit_url(self) -> str:
        """Where the commit of this run is to be seen."""
        return f"{self.server}/{self.repository}/commit/{self.commit}"


def read_event(environment: Mapping[str, str]) -> Event:
    """The event that *environment* tells of. Raises `SettingsError` outside of a workflow."""
    path = environment.get("GITHUB_EVENT_PATH", "")
    try:
        told = json.loads(Path(path).read_text("utf-8"))
    except (OSError, ValueError):
        raise SettingsError("there is no event: GITHUB_EVENT_PATH", hint=_HINT) from None
    name = environment.get("GITHUB_EVENT_NAME", "")
    pull = _pull(told)
    # Forgejo, and Gitea before it, shows runs under another number, and files elsewhere.
    is_forgejo = environment.get("GITEA_ACTIONS") == "true"
    run = "GITHUB_RUN_NUMBER" if is_forgejo else "GITHUB_RUN_ID"
    return Event(
        name=name,
        repository=_fitting(environment, "GITHUB_REPOSITORY", _REPOSITORY),
        server=environment.get("GITHUB_SERVER_URL", "https://github.com").rstrip("/"),
        api=environment.get("GITHUB_API_URL", "https://api.github.com").rstrip("/"),
        commit=pull.head if pull else _fitting(environment, "GITHUB_SHA", _COMMIT),
        actor="" if name == "schedule" else _fitting(environment, "GITHUB_ACTOR", _PERSON),
        run=_fitting(environment, run, re.compile("[0-9]+")),
        pull=pull,
        files="src/commit" if is_forgejo else "blob",
    )


def _pull(told: Any) -> Pull | None:  # noqa: ANN401 - JSON
    if not isinstance(told, dict) or "pull_request" not in told:
        return None
    try:
        pull = told["pull_request"]
        head, base = pull["head"], pull["base"]
        number, commits = pull["number"], (head["sha"], base["sha"])
        # The repository of a fork that was deleted since is null.
        source = head["repo"]["id"] if head["repo"] else None
        is_fork = source != base["repo"]["id"]
    except (KeyError, TypeError):
        raise _strange("pull_request") from None
    if not isinstance(number, int) or not all(_COMMIT.fullmatch(str(one)) for one in commits):
        raise _strange("pull_request")
    return Pull(number=number, head=commits[0], base=commits[1], is_fork=is_fork)


def _fitting(environment: Mapping[str, str], name: str, form: re.Pattern[str]) -> str:
    value = environment.get(name, "")
    if not form.fullmatch(value):
        raise _strange(name)
    return value


def _strange(name: str) -> SettingsError:
    return SettingsError(f"the event is not as expected: `{name}`", hint=_HINT)
