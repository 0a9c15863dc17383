"""Where the links of a plan lead: told by an option, or by the workflow that runs us."""

import os
import re
from pathlib import Path
from urllib.parse import quote

from mailstate.errors import UsageError
from mailstate.reporting.links import Links

# No blank, quote, bracket or backslash: it stands within marks of Markdown and HTML as it is.
_URL = r"https?://[A-Za-z0-9._~:/?#@!$&*+,;=%-]+"


def links(base: str | None) -> Links:
    """
    Links below *base*, or, within a GitHub workflow, to the commit that it has checked out.

    Raises `UsageError` if *base* is no URL.
    """
    if base is not None and not re.fullmatch(_URL, base):
        raise UsageError(
            "--link-base is no address of files",
            hint="give the URL below which the files are, as in https://host/owner/repo/blob/main",
        )
    run = _of_repository("actions/runs", "GITHUB_RUN_ID")
    return Links(files=base.rstrip("/") if base else _files(), run=run)


def _files() -> str | None:
    """The working directory at the commit of the workflow, if it lies in the checkout."""
    return below_checkout(_of_repository("blob", "GITHUB_SHA"))


def below_checkout(blob: str | None) -> str | None:
    """The working directory, if it lies in the checkout, whose address is *blob*."""
    below = _below()
    if blob is None or below is None:
        return None
    return "/".join((blob, *(quote(os.fsencode(part), safe="") for part in below)))


def way() -> str:
    """The way from the checkout of the workflow to the working directory; empty elsewhere."""
    return "/".join(_below() or ())


def _below() -> tuple[str, ...] | None:
    here = Path.cwd().resolve()
    root = Path(os.environ.get("GITHUB_WORKSPACE") or here).resolve()
    return here.relative_to(root).parts if here.is_relative_to(root) else None


def _of_repository(path: str, variable: str) -> str | None:
    """An address in the repository of the workflow; None elsewhere."""
    server, repository, last = map(
        os.environ.get, ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", variable)
    )
    url = f"{server}/{repository}/{path}/{last}"
    return url if server and repository and last and re.fullmatch(_URL, url) else None
