"""What a run is told of why it was started."""

import json

import pytest

from mailstate.errors import SettingsError
from mailstate.forge.event import Event, Pull, read_event

TIP, BASE, MERGE = "a" * 40, "b" * 40, "c" * 40

ENVIRONMENT = {
    "GITHUB_EVENT_NAME": "push",
    "GITHUB_REPOSITORY": "commune/mail",
    "GITHUB_SERVER_URL": "https://forge.example",
    "GITHUB_API_URL": "https://forge.example/api/v1",
    "GITHUB_SHA": MERGE,
    "GITHUB_ACTOR": "alice",
    "GITHUB_RUN_ID": "17",
}


def pull_request(*, number=7, head=TIP, source=1):
    return {
        "number": number,
        "title": "::error::$(rm -rf /)",
        "head": {"sha": head, "ref": "main; curl evil", "repo": source and {"id": source}},
        "base": {"sha": BASE, "repo": {"id": 1}},
    }


@pytest.fixture
def told(tmp_path):
    """Give a function that reads an event which tells *document*."""

    def read(document, **environment):
        path = tmp_path / "event.json"
        text = document if isinstance(document, str) else json.dumps(document)
        path.write_text(text, encoding="utf-8")
        return read_event({**ENVIRONMENT, "GITHUB_EVENT_PATH": str(path), **environment})

    return read


def test_a_merge(told):
    """
    The commit that is now the tip, and who made it so.
    """
    event = told({"ref": "refs/heads/main"})

    assert event == Event(
        name="push",
        repository="commune/mail",
        server="https://forge.example",
        api="https://forge.example/api/v1",
        commit=MERGE,
        actor="alice",
        run="17",
    )
    assert "https://forge.example/commune/mail/actions/runs/17" == event.run_url
    assert f"https://forge.example/commune/mail/commit/{MERGE}" == event.commit_url
    assert f"https://forge.example/commune/mail/blob/{MERGE}" == event.files_url


def test_forgejo_shows_runs_and_files_at_addresses_of_its_own(told):
    """
    Its runs are counted in each repository.
    """
    event = told({}, GITEA_ACTIONS="true", FORGEJO_ACTIONS="true", GITHUB_RUN_NUMBER="3")

    assert "https://forge.example/commune/mail/actions/runs/3" == event.run_url
    assert f"https://forge.example/commune/mail/src/commit/{MERGE}" == event.files_url


def test_a_schedule_is_nobodys_doing(told):
    """
    The forge names whoever touched the workflow last.
    """
    assert "" == told({"schedule": "17 * * * *"}, GITHUB_EVENT_NAME="schedule").actor


@pytest.mark.parametrize(("source", "is_fork"), [(1, False), (2, True), (None, True)])
def test_a_pull_request(told, source, is_fork):
    """
    Its tip counts, and not the merge that the forge has made to try it.
    """
    event = told({"pull_request": pull_request(source=source)}, GITHUB_EVENT_NAME="pull_request")

    assert (TIP, Pull(number=7, head=TIP, base=BASE, is_fork=is_fork)) == (event.commit, event.pull)


@pytest.mark.parametrize(
    ("document", "environment", "named"),
    [
        ("no JSON", {}, "GITHUB_EVENT_PATH"),
        ({}, {"GITHUB_EVENT_PATH": "/nowhere"}, "GITHUB_EVENT_PATH"),
        ({}, {"GITHUB_REPOSITORY": "../secrets"}, "GITHUB_REPOSITORY"),
        ({}, {"GITHUB_REPOSITORY": ""}, "GITHUB_REPOSITORY"),
        ({}, {"GITHUB_SHA": "main"}, "GITHUB_SHA"),
        ({}, {"GITHUB_ACTOR": "@everyone please"}, "GITHUB_ACTOR"),
        ({}, {"GITHUB_RUN_ID": "1/../2"}, "GITHUB_RUN_ID"),
        ({"pull_request": None}, {}, "pull_request"),
        ({"pull_request": {"number": 7}}, {}, "pull_request"),
        ({"pull_request": pull_request(number="7/merge")}, {}, "pull_request"),
        ({"pull_request": pull_request(head="main")}, {}, "pull_request"),
    ],
)
def test_what_is_no_event_is_told(told, document, environment, named):
    """
    By the name of what is missing or of a strange form.
    """
    with pytest.raises(SettingsError, match=named):
        told(document, **environment)
