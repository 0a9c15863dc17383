"""Events as the forge records them for the runs that they start, without what nobody reads."""

from typing import Any

TIP, BASE, MERGED = "a" * 40, "b" * 40, "c" * 40


def pull_request(*, source: int = 1, tip: str = TIP, base: str = BASE) -> dict[str, Any]:
    """The repository numbered *source* asks the one numbered 1 to take its commit *tip*."""
    names = {1: "commune/mail"}
    return {
        "pull_request": {
            "number": 7,
            "head": {"sha": tip, "repo": {"id": source, "full_name": names.get(source, "x/mail")}},
            "base": {"sha": base, "repo": {"id": 1, "full_name": names[1]}},
        }
    }


RECORDED: dict[str, tuple[str, dict[str, Any]]] = {
    "opened": ("pull_request", pull_request()),
    "synchronised": ("pull_request", pull_request()),
    "fork": ("pull_request", pull_request(source=2)),
    "late": ("pull_request", pull_request(tip="d" * 40)),
    "merged": ("push", {"ref": "refs/heads/main", "after": MERGED}),
    "scheduled": ("schedule", {"schedule": "17 * * * *"}),
}
"""Name and content of each event."""
