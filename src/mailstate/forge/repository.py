"""One repository: what mailstate reads of it and says in it."""

import io
import zipfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote

from mailstate.errors import SettingsError
from mailstate.forge.api import Api, DoubtfulForgeError, ForgeError, GoneForgeError

_TRIES = 3
_LARGEST_FILE = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A comment or an issue; `number` is what its own address ends in."""

    number: int
    author: str
    body: str


class Repository:
    """
    The repository called *name* (`owner/name`) on the forge behind *api*, seen by *author*.

    *author* is the login under which the token writes: what others have written is never taken
    for ours, whatever marker it has. Methods raise `ForgeError`.
    """

    def __init__(self, api: Api, name: str, *, author: str) -> None:
        if name.count("/") != 1:
            raise SettingsError(
                "the repository is not of the form owner/name", hint="check GITHUB_REPOSITORY"
            )
        self._api = api
        self._base = f"/repos/{quote(name)}"
        self._author = author

    def head_of(self, number: int) -> str:
        """The commit at the tip of pull request *number*."""
        return str(self._field(self._api.get(f"{self._base}/pulls/{number}"), "head", "sha"))

    def say(self, number: int, body: str, *, marker: str) -> None:
        """
        Have one comment of ours that begins with *marker* at pull request *number*, with *body*.

        The one that is there is written anew, doubles of it are removed. After a lost answer, and
        after one was made, the comments are read again: somebody may have been as quick as we.
        """
        path = f"{self._base}/issues/{number}/comments"

        def once(*, is_made: bool) -> bool:
            ours = self._ours(path, marker)
            if not ours and not is_made:
                self._api.send("POST", path, {"body": body})
                return False
            if ours and ours[0].body != body:
                self._api.send("PATCH", self._comment(ours[0]), {"body": body})
            for double in ours[1:]:
                # Another run may look after the same doubles.
                with suppress(GoneForgeError):
                    self._api.send("DELETE", self._comment(double))
            return True

        _surely(once)

    def raise_issue(self, title: str, body: str, *, marker: str) -> None:
        """Have one open issue of ours that begins with *marker*, with this *title* and *body*."""

        def once(*, is_made: bool) -> bool:
            ours = self._issues(marker)
            if not ours and not is_made:
                self._api.send("POST", f"{self._base}/issues", {"title": title, "body": body})
                return False
            if ours and ours[0].body != body:
                self._api.send("PATCH", self._issue(ours[0]), {"title": title, "body": body})
            for double in ours[1:]:
                self._api.send("PATCH", self._issue(double), {"state": "closed"})
            return True

        _surely(once)

    def settle_issue(self, body: str, *, marker: str) -> None:
        """Close the open issue of ours that begins with *marker*, if any, with a last *body*."""

        def once(*, is_made: bool) -> bool:  # noqa: ARG001 - nothing is made
            for issue in self._issues(marker):
                self._api.send("PATCH", self._issue(issue), {"state": "closed", "body": body})
            return True

        _surely(once)

    def artifact(self, name: str, file: str, *, branch: str) -> bytes | None:
        """
        *file* of the newest artifact called *name* that a run on *branch* has left, None if none.

        Those of other branches, and of forks whose branch has the same name, do not count: anyone
        may make them. Raises `ForgeError` also if it has no such file of a bearable size.
        """
        path = f"{self._base}/actions/artifacts"
        listed = self._field(self._api.get(path, name=name, per_page=100), "artifacts")
        kept = [one for one in listed if self._is_ours(one, branch)]
        if not kept:
            return None
        newest = max(kept, key=lambda one: str(self._field(one, "created_at")))
        packed = self._api.download(f"{path}/{self._field(newest, 'id')}/zip")
        try:
            with zipfile.ZipFile(io.BytesIO(packed)) as archive:
                if archive.getinfo(file).file_size > _LARGEST_FILE:
                    raise ForgeError(f"the artifact `{name}` is too large")
                return archive.read(file)
        except (zipfile.BadZipFile, KeyError):
            raise ForgeError(f"the artifact `{name}` holds no {file}") from None

    def _is_ours(self, artifact: Any, branch: str) -> bool:  # noqa: ANN401 - JSON
        run = self._field(artifact, "workflow_run")
        return bool(
            not self._field(artifact, "expired")
            and self._field(run, "head_branch") == branch
            and self._field(run, "head_repository_id") == self._field(run, "repository_id")
        )

    def _ours(self, path: str, marker: str) -> list[Note]:
        return self._marked((self._note(one, "id") for one in self._api.pages(path)), marker)

    def _issues(self, marker: str) -> list[Note]:
        found = self._api.pages(f"{self._base}/issues", state="open")
        # To the forge, a pull request is an issue too.
        issues = (one for one in found if not self._is_pull(one))
        return self._marked((self._note(one, "number") for one in issues), marker)

    def _is_pull(self, issue: Any) -> bool:  # noqa: ANN401 - JSON
        return isinstance(issue, dict) and issue.get("pull_request") is not None

    def _marked(self, notes: Iterable[Note], marker: str) -> list[Note]:
        """Ours among *notes*, the oldest first."""
        ours = (one for one in notes if one.author == self._author and one.body.startswith(marker))
        return sorted(ours, key=lambda note: note.number)

    def _note(self, one: Any, key: str) -> Note:  # noqa: ANN401 - JSON
        author = self._field(one, "user")
        return Note(
            number=self._field(one, key),
            author=str(self._field(author, "login")) if author else "",  # gone since
            body=str(self._field(one, "body") or ""),
        )

    def _comment(self, note: Note) -> str:
        return f"{self._base}/issues/comments/{note.number}"

    def _issue(self, note: Note) -> str:
        return f"{self._base}/issues/{note.number}"

    def _field(self, value: Any, *keys: str) -> Any:  # noqa: ANN401 - JSON
        for key in keys:
            if not isinstance(value, dict) or key not in value:
                raise ForgeError(f"{self._base}: the answer is not as expected: it has no `{key}`")
            value = value[key]
        return value


class _Once(Protocol):
    def __call__(self, *, is_made: bool) -> bool:
        """Look, act, and say whether all is well; what *is_made* may not be seen yet."""


def _surely(once: _Once) -> None:
    """Do *once* again after a lost answer, and after what it looked at has changed: it looks."""
    is_made = False
    for tries_left in reversed(range(_TRIES)):
        try:
            if once(is_made=is_made):
                return
        except (DoubtfulForgeError, GoneForgeError):
            if not tries_left:
                raise
        else:
            is_made = True
