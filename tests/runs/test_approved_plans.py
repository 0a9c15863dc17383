"""
A saved plan is the ceiling of an apply, whatever has happened since it was made.

A place with something to do of every kind is planned and saved. Then files, dimail, settings and
options change, in each way alone and in mixtures. The real command carries out that plan or less,
or refuses with what differs and sends nothing that changes anything; the log of effects tells.
"""

from collections import Counter
from contextlib import ExitStack

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from mailstate.errors import ExitCode
from mailstate.sandbox import PROFILES, Sandbox
from tests.runs.changing import LESS, MORE, PLAN, A, World

_running: dict[str, Sandbox] = {}
_stack = ExitStack()


def setup_module():
    for profile in PROFILES:
        _running[profile] = _stack.enter_context(Sandbox(profile=profile, seed=7))


def teardown_module():
    _stack.close()
    _running.clear()


def a_world(folder, profile="2026"):
    """Give a place in *folder* with a dimail of *profile*, and another one beside it."""
    other = next(one for name, one in _running.items() if name != profile)
    return World(folder, _running[profile], other)


KINDS = {"allow": "access"}


def made(effects):
    """Give what was done, as plans say it; what dimail does by itself is left out."""
    return Counter(
        (one.action, f"{KINDS.get(one.kind, one.kind)}/{one.object}".lower())
        for one in effects
        if one.detail != "given to the creator" and not one.detail.startswith("fix ")
    )


def wanted(document):
    """Give the entries of a plan that may be carried out."""
    return [*document["changes"], *document["held"]]


def is_within(entry, other):
    """Whether an entry of a plan does what an entry of another does, or a part of it."""
    if any(entry[key] != other[key] for key in ("action", "after")):
        return False
    if entry["action"] == "delete":
        return entry["before"] == other["before"]
    return {*entry["fields"]} <= {*other["fields"]} and all(
        entry["before"][field] == other["before"][field] for field in entry["fields"]
    )


def is_approved(approved, now):
    """Whether a plan is another one or less, for the same target, policy and selection."""
    for one in (approved, now):
        one["selection"] = {
            key: value
            for key, value in (one["selection"] or {}).items()
            if key not in {"domains", "declared"}
        }
    known = {entry["address"]: entry for entry in wanted(approved)}
    return all(approved[key] == now[key] for key in ("target", "policy", "selection")) and all(
        entry["address"] in known and is_within(entry, known[entry["address"]])
        for entry in wanted(now)
    )


def carried_out(world):
    """Apply the saved plan, see that it is kept to what may be done, and give what was said."""
    approved, before = world.saved(), world.sandbox.effects()
    elsewhere = [one.effects() for one in _running.values() if one is not world.sandbox]
    planned = world.plan()
    ran = world.apply()
    effects = world.sandbox.effects()[len(before) :]
    if planned.code != ExitCode.OK:
        assert (planned.code, []) == (ran.code, effects)
        return ran
    now = planned.json
    if is_approved(approved, now):
        assert ran.code in {ExitCode.OK, ExitCode.REFUSED}, ran.err
        planned_as = {one["address"]: one["action"] for one in wanted(now)}
        done = made(effects)
        # A new mailbox gets its display name in a second call.
        assert all(action in {planned_as[address], "update"} for action, address in done)
        assert all(count == 1 for (action, _), count in done.items() if action == "create")
        was_there = {
            one["address"] for one in ran.json["outcomes"] if one["detail"] == "was there already"
        }
        due = {one["address"] for one in now["changes"]} - was_there
        assert due <= {address for _, address in done}
    else:
        assert (ExitCode.STALE_PLAN, "", []) == (ran.code, ran.out, effects), ran.err
        assert "made for another" in ran.err or "that the saved plan does not have:" in ran.err
    assert elsewhere == [one.effects() for one in _running.values() if one is not world.sandbox]
    return ran


@pytest.mark.parametrize("change", LESS)
def test_what_the_saved_plan_holds_is_carried_out(tmp_path, change):
    """
    As it was planned, or less of it.
    """
    world = a_world(tmp_path)
    assert ExitCode.OK == world.plan("--out", PLAN).code
    LESS[change](world)

    assert carried_out(world).code in {ExitCode.OK, ExitCode.REFUSED}


@pytest.mark.parametrize("change", MORE)
def test_whatever_else_would_be_done_is_refused_with_what_differs(tmp_path, change):
    """
    By its address and field; and dimail is left as it is.
    """
    world = a_world(tmp_path)
    assert ExitCode.OK == world.plan("--out", PLAN).code
    make, said = MORE[change]
    make(world)
    ran = carried_out(world)

    assert ExitCode.STALE_PLAN == ran.code
    assert said in ran.err


EVE = {"local_part": "eve", "first_name": "Eve", "last_name": "Gris"}
PRUNING = ["--prune", "mailboxes,aliases,accesses", "--delete-mailboxes"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda world: world.store.remove_mailbox(A, "eve"), ""),
        (lambda world: world.a["mailboxes"].append(EVE), ""),
        (lambda world: world.store.add_mailbox(A, "sam"), "delete mailbox/sam@a.example: not in"),
        (
            lambda world: world.store.add_alias(A, "old", "x@home.test"),
            "delete alias/old@a.example",
        ),
        (lambda world: world.store.add_allow("admin", A), "delete access/a.example/admin: not in"),
        (
            lambda world: world.has_mailbox("eve", "Eva", "Gris"),
            'delete mailbox/eve@a.example: before.display_name was "Eve Gris", is "Eva Gris"',
        ),
        (lambda world: world.options.clear(), "another policy: `prune` was access, alias, mailbox"),
    ],
    ids=["gone", "declared", "mailbox", "alias", "access", "namesake", "no pruning"],
)
def test_what_is_removed_is_what_was_approved(tmp_path, change, said):
    """
    No namesake that came since, and nobody who came since.
    """
    world = a_world(tmp_path)
    world.options.extend(PRUNING)
    assert ExitCode.OK == world.plan("--out", PLAN).code
    change(world)
    ran = carried_out(world)

    assert said in ran.err
    assert (ExitCode.STALE_PLAN if said else ExitCode.OK) == ran.code


def test_a_domain_that_was_disabled_when_the_plan_was_made(tmp_path):
    """
    What was refused then was not approved.
    """
    world = a_world(tmp_path)
    world.a["disabled"] = True
    assert ExitCode.OK == world.plan("--out", PLAN).code
    del world.a["disabled"]

    assert f"create mailbox/ada@{A}: not in the saved plan" in carried_out(world).err


def test_an_edited_plan_with_a_fitting_digest_brings_nothing_in(tmp_path):
    """
    What the fresh plan does not have is not done, whatever the file holds.
    """
    world = a_world(tmp_path)
    assert ExitCode.OK == world.plan("--out", PLAN).code
    changes = world.saved()["changes"]
    mailbox = next(one for one in changes if one["address"] == f"mailbox/ada@{A}")
    evil = {**mailbox, "address": f"mailbox/evil@{A}"}
    evil["after"] = {**mailbox["after"], "local_part": "evil"}
    gone = {**evil, "address": f"mailbox/eve@{A}", "action": "delete"}
    world.edit_plan(changes=[*changes, evil, {**gone, "before": evil["after"], "after": None}])
    carried_out(world)

    assert world.store.mail.mailbox(A, "ada")
    assert world.store.mail.mailbox(A, "eve")
    assert not world.store.mail.mailbox(A, "evil")


@settings(max_examples=max(20, settings().max_examples * 2 // 5))
@given(data=st.data(), profile=st.sampled_from(PROFILES))
def test_a_plan_holds_after_any_mixture_of_changes_or_is_refused(tmp_path_factory, data, profile):
    """
    Made at any time, carried out at any other.
    """
    world = a_world(tmp_path_factory.mktemp("mixture"), profile)
    changes = {**LESS, **{name: make for name, (make, _) in MORE.items()}}
    around = {"another version of mailstate", "a later minor format", "another server"}
    before = st.lists(st.sampled_from(sorted(changes.keys() - around)), max_size=2, unique=True)
    after = st.lists(st.sampled_from(sorted(changes)), min_size=1, max_size=3, unique=True)
    for name in data.draw(before):
        changes[name](world)
    if data.draw(st.booleans()):
        world.options.extend(PRUNING)
    made = world.plan("--out", PLAN)
    if made.code != ExitCode.OK:
        event("no plan")
        return
    for name in data.draw(after):
        changes[name](world)

    event(f"exit code {carried_out(world).code}")


def a_directory(world):
    (world.folder / PLAN).unlink()
    (world.folder / PLAN).mkdir()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (a_directory, "plan.json cannot be read: Is a directory"),
        (lambda world: (world.folder / PLAN).unlink(), "plan.json cannot be read: No such file"),
        (lambda world: world.write(PLAN, b""), "plan.json is not JSON"),
        (lambda world: world.write(PLAN, world.read(PLAN)[:-9]), "plan.json is not JSON"),
        (lambda world: world.write(PLAN, "\ufeff" + world.read(PLAN)), "plan.json is not JSON"),
        (lambda world: world.write(PLAN, world.read(PLAN).encode("utf-16")), "it is not UTF-8"),
        (lambda world: world.write(PLAN, world.read(PLAN).encode("utf-7") + b"\xff"), "not UTF-8"),
        (lambda world: world.write(PLAN, "[" * 3_000_000), "plan.json is not JSON"),
        (lambda world: world.write(PLAN, '{"a": NaN}'), "plan.json is not JSON"),
        (lambda world: world.edit_plan(format_version="2.0"), "a plan format that this version"),
        (lambda world: world.call("snapshot", "--out", PLAN), "is a snapshot, not a plan"),
        (
            lambda world: world.call("apply", "--yes", "--no-notify", "--report", PLAN),
            "is a report",
        ),
        (
            lambda world: world.write(PLAN, world.read(PLAN).replace("ada@home", "eve@evil")),
            "plan.json was changed after it was written: its digest does not fit",
        ),
        (
            lambda world: world.write(PLAN, world.read(PLAN).replace("{", '{"held": [],', 1)),
            "plan.json was changed after it was written: a key comes twice",
        ),
    ],
    ids=[
        "directory",
        "missing",
        "empty",
        "cut",
        "byte order mark",
        "UTF-16",
        "no UTF-8",
        "deep",
        "NaN",
        "later format",
        "snapshot",
        "report",
        "changed",
        "twice",
    ],
)
def test_what_is_no_plan_is_refused_by_its_name(tmp_path, spoil, said):
    """
    Before anything is asked of dimail.
    """
    world = a_world(tmp_path)
    assert ExitCode.OK == world.plan("--out", PLAN).code
    spoil(world)
    before = world.sandbox.requests()
    ran = world.apply()

    assert (ExitCode.INVALID, "") == (ran.code, ran.out)
    assert said in ran.err
    assert "hint: " in ran.err
    assert before == world.sandbox.requests()
