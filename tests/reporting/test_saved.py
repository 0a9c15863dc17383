"""Files that mailstate wrote for itself are read as strictly as a server's answers."""

import json

import pytest
from hypothesis import given

from mailstate.errors import ExitCode, SettingsError
from mailstate.model.resources import Alias, Domain, DomainName
from mailstate.model.state import DesiredDomain, DesiredState, DomainState, LiveDomain, LiveState
from mailstate.planning.plan import Plan, Policy
from mailstate.reporting.approved import read_plan
from mailstate.reporting.plan_json import Context, digest, plan_json
from mailstate.reporting.snapshot import read_snapshot, snapshot, snapshot_json
from tests.strategies import fewer, worlds

TARGET = "https://dimail.example"
PLAN = plan_json(Plan(), Context(target=TARGET, policy=Policy(service_account="la_regie")))
SNAPSHOT = snapshot_json(snapshot(LiveState(), target=TARGET, declared=(), existing=()))
BOTH = pytest.mark.parametrize(
    ("text", "read"), [(PLAN, read_plan), (SNAPSHOT, read_snapshot)], ids=["plan", "snapshot"]
)


@BOTH
def test_what_was_written_is_read(text, read):
    """
    With or without the indentation.
    """
    assert read(text, name="file") == read(json.dumps(json.loads(text)), name="file")


@BOTH
@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[: len(text) // 2],
        lambda text: text.replace(TARGET, "https://other.example"),
        lambda text: text.replace('"target"', '"target": "https://other.example", "target"'),
        lambda text: text.replace('"1.0"', '"2.0"', 1),
        lambda text: "[" + text + "]",
        lambda text: text.replace("{", '{"x":' + "[" * 400 + "]" * 400 + ",", 1),
        lambda text: text.replace("{", '{"x": ' + "9" * 5000 + ",", 1),
    ],
    ids=["cut", "changed", "twice", "later", "list", "deep", "large"],
)
def test_what_was_spoilt_is_refused(text, read, spoil):
    """
    In words that name the file, and with what to do.
    """
    with pytest.raises(SettingsError) as caught:
        read(spoil(text), name="file")

    assert caught.value.exit_code is ExitCode.INVALID
    assert caught.value.message.startswith("file ")
    assert "--out FILE" in caught.value.hint


@fewer
@given(worlds())
def test_a_live_state_is_the_same_when_it_is_read_again(world):
    """
    So that a plan from a snapshot is the plan that would have been made then.
    """
    taken = snapshot(
        world.live, target=TARGET, declared=world.desired.domains, existing=world.live.domains
    )

    again = read_snapshot(snapshot_json(taken), name="file")

    assert taken == again
    assert world.live == again.of(world.desired)
    assert snapshot_json(taken) == snapshot_json(again)


def test_a_domain_that_nobody_looked_at_is_not_taken_for_absent():
    """
    It was in dimail, but the files of then did not declare it.
    """
    name = DomainName("a.example")
    taken = snapshot(LiveState(), target=TARGET, declared=(), existing=[name])
    domain = Domain(name=name, features=frozenset(), context=None, delivery=None)
    desired = DesiredState(domains={name: DesiredDomain(domain=domain, roles={})})

    with pytest.raises(SettingsError, match=r"does not cover a\.example"):
        taken.of(desired)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"users": ["x", "x"]}, "there twice"),
        ({"accesses": [{"domain": "b.example", "user": "x"}]}, "an access to b.example"),
        ({"declared": []}, "a.example is not declared"),
        ({"twice": True}, "a mailbox or alias of a.example is there twice"),
    ],
)
def test_a_snapshot_that_contradicts_itself_is_refused(changes, expected):
    """
    Though its digest fits: it would be half a list.
    """
    name = DomainName("a.example")
    domain = Domain(name=name, features=frozenset(), context=None, delivery=None)
    alias = Alias(domain=name, local_part="info", destination="x@y.example")
    live = LiveDomain(domain=domain, state=DomainState.OK, aliases={alias.key: alias})
    taken = snapshot(
        LiveState(domains={name: live}), target=TARGET, declared=[name], existing=[name]
    )
    document = json.loads(snapshot_json(taken)) | changes
    if document.pop("twice", False):
        document["domains"][0]["aliases"] *= 2
    document["digest"] = digest(document)

    with pytest.raises(SettingsError, match=expected):
        read_snapshot(json.dumps(document), name="file")
