"""A saved plan is the ceiling of an apply: that set of changes or less."""

import json
import time
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstate.applying.outcome import Report
from mailstate.errors import ExitCode, SettingsError, StalePlanError
from mailstate.model.resources import Alias, Domain, DomainName, Kind, Mailbox, User
from mailstate.model.state import LiveState
from mailstate.planning.plan import (
    Action,
    Actor,
    Blocked,
    Change,
    Held,
    Hold,
    HoldReason,
    Plan,
    Policy,
    Reason,
)
from mailstate.planning.planner import plan as plan_for
from mailstate.reporting.approved import hold_to, read_plan
from mailstate.reporting.entries import resource_values
from mailstate.reporting.plan_json import (
    Context,
    digest,
    plan_document,
    plan_json,
    to_text,
)
from mailstate.reporting.report import report_json
from mailstate.reporting.snapshot import snapshot, snapshot_json
from tests.reporting.strategies import contexts, plans
from tests.strategies import desired_states, fewer, prunings, worlds

A = DomainName("a.example")
CONTEXT = Context(target="https://dimail.example", policy=Policy(service_account="la_regie"))
ADA = Mailbox(
    domain=A,
    local_part="ada",
    first_name="Ada",
    last_name="Lovelace",
    display_name="Ada Lovelace",
    active=True,
)
OLD = replace(ADA, first_name=None, last_name=None, display_name="A. Byron", active=False)
HOLD = Hold(
    domain=A, reason=HoldReason.DOMAIN_PENDING, actor=Actor.MAILSTATE, detail="it is not ready"
)
CREATE = Change(action=Action.CREATE, before=None, after=ADA)
UPDATE = Change(action=Action.UPDATE, before=OLD, after=ADA, fields=("display_name", "active"))
DELETE = Change(action=Action.DELETE, before=ADA, after=None)


def saved(plan, context=CONTEXT):
    """Give a plan as it comes back from its file."""
    return read_plan(plan_json(plan, context), name="plan.json")


def refusal(approved, now, context=CONTEXT):
    """Give the message with which a plan is refused."""
    with pytest.raises(StalePlanError) as caught:
        hold_to(approved, now, context)
    assert caught.value.exit_code is ExitCode.STALE_PLAN
    assert "mailstate plan --out" in caught.value.hint
    return caught.value.message


def objection(approved, now, context=CONTEXT):
    """Give the message with which a plan is refused, or nothing if it holds."""
    try:
        hold_to(approved, now, context)
    except StalePlanError as error:
        return error.message
    return ""


def fault(text):
    """Give the message with which a file is refused."""
    with pytest.raises(SettingsError) as caught:
        read_plan(text, name="plan.json")
    assert caught.value.exit_code is ExitCode.INVALID
    assert "mailstate plan --out" in caught.value.hint
    return caught.value.message


def signed(document):
    """Give a document as text, with the digest that fits it."""
    return to_text({**document, "digest": digest(document)})


@fewer
@given(worlds())
def test_a_plan_holds_to_itself(world):
    """
    Saved, read again, and nothing has happened in between.
    """
    made = plan_for(world.desired, world.live, world.policy)

    hold_to(saved(made), made, CONTEXT)


@fewer
@given(worlds(), st.data())
def test_less_than_the_plan_holds(world, data):
    """
    What others have done by hand meanwhile need not be done any more.
    """
    made = plan_for(world.desired, world.live, world.policy)
    fewer = replace(
        made,
        changes=tuple(one for one in made.changes if data.draw(st.booleans())),
        held=tuple(one for one in made.held if data.draw(st.booleans())),
    )

    hold_to(saved(made), fewer, CONTEXT)


@fewer
@given(worlds(), st.data())
def test_what_was_held_may_go_ahead_and_the_other_way_round(world, data):
    """
    It was in what the reviewers read.
    """
    made = plan_for(world.desired, world.live, world.policy)
    every = [*made.changes, *(entry.change for entry in made.held)]
    going = tuple(change for change in every if data.draw(st.booleans()))
    waiting = tuple(Held(change=one, hold=HOLD) for one in every if one not in going)
    now = Plan(changes=going, held=waiting)

    hold_to(saved(made), now, CONTEXT)


@fewer
@given(worlds(), st.data())
def test_whatever_is_added_is_refused_by_its_address(world, data):
    """
    Each change that was left out of the saved plan is named.
    """
    made = plan_for(world.desired, world.live, world.policy)
    fewer = replace(
        made,
        changes=tuple(one for one in made.changes if data.draw(st.booleans())),
        held=tuple(one for one in made.held if data.draw(st.booleans())),
    )
    added = [one for one in made.changes if one not in fewer.changes]
    added += [one.change for one in made.held if one not in fewer.held]

    if not added:
        hold_to(saved(fewer), made, CONTEXT)
    else:
        message = refusal(saved(fewer), made)
        lines = [f"  {one.action} {one.key}: not in the saved plan" for one in added]
        shown = lines if len(lines) <= 20 else [*lines[:20], f"  and {len(lines) - 20} more"]
        assert shown == message.splitlines()[1:]


def is_within(one, other):
    """Whether a change does what another does, or a part of it, from where that one starts."""
    if (one.action, one.after) != (other.action, other.after):
        return False
    if one.action is Action.DELETE:
        return one.before == other.before
    return {*one.fields} <= {*other.fields} and all(
        getattr(one.before, field) == getattr(other.before, field) for field in one.fields
    )


def all_of(plan):
    """Give what a plan would do, now or later."""
    return [*plan.changes, *(entry.change for entry in plan.held)]


@fewer
@given(worlds(policy=prunings), st.data())
def test_a_plan_holds_if_all_of_it_was_approved_and_is_refused_else(world, data):
    """
    Whatever has happened to files, dimail and policy; each change that was not is named.
    """
    desired, live, policy = world.desired, world.live, world.policy
    if data.draw(st.booleans()):
        desired = data.draw(desired_states())
    if data.draw(st.booleans()):
        live = data.draw(worlds(desired=st.just(desired))).live
    approved, now = plan_for(world.desired, world.live, policy), plan_for(desired, live, policy)
    known = {change.key: change for change in all_of(approved)}
    excess = [
        change
        for change in all_of(now)
        if change.key not in known or not is_within(change, known[change.key])
    ]

    message = objection(saved(approved), now)

    assert bool(excess) == bool(message)
    for change, line in zip(excess[:20], message.splitlines()[1:], strict=False):  # and some more
        assert line.startswith(f"  {change.action} {change.key}: ")


@fewer
@given(plans, contexts, plans)
def test_any_two_plans_hold_or_are_refused(plan, context, now):
    """
    With words, never with a traceback, whatever is written in them.
    """
    approved = saved(plan, context)

    message = objection(approved, now, context)

    message.encode("utf-8")
    assert not any(line.lstrip().startswith("::") for line in message.splitlines())


@fewer
@given(worlds(), st.data())
def test_a_saved_plan_of_another_make_holds_or_is_refused(world, data):
    """
    Its digest fits and its schema too, but before and after may be anything.
    """
    made = plan_for(world.desired, world.live, world.policy)
    document = json.loads(plan_json(made, CONTEXT))
    values = st.sampled_from([None, {}, {"name": 1}, {"active": True}])
    for entry in (*document["changes"], *document["held"]):
        for side in ("before", "after"):
            if data.draw(st.booleans()):
                entry[side] = data.draw(values)
    approved = read_plan(signed(document), name="plan.json")

    message = objection(approved, made)

    assert not message or "saved plan" in message


@pytest.mark.parametrize(
    ("approved", "now", "difference"),
    [
        (
            CREATE,
            replace(CREATE, after=replace(ADA, display_name="Eve")),
            'create mailbox/ada@a.example: after.display_name was "Ada Lovelace", is "Eve"',
        ),
        (
            CREATE,
            replace(CREATE, after=replace(ADA, secondary_email="eve@evil.test")),
            'create mailbox/ada@a.example: after.secondary_email was null, is "eve@evil.test"',
        ),
        (
            replace(UPDATE, fields=("active",)),
            UPDATE,
            'update mailbox/ada@a.example: fields was "active", is "display_name, active"',
        ),
        (
            UPDATE,
            replace(UPDATE, before=replace(OLD, display_name="B")),
            'update mailbox/ada@a.example: before.display_name was "A. Byron", is "B"',
        ),
        (
            UPDATE,
            replace(UPDATE, after=replace(ADA, display_name="B")),
            'update mailbox/ada@a.example: after.display_name was "Ada Lovelace", is "B"',
        ),
        (
            UPDATE,
            replace(UPDATE, after=replace(ADA, secondary_email="eve@evil.test")),
            'update mailbox/ada@a.example: after.secondary_email was null, is "eve@evil.test"',
        ),
        (
            DELETE,
            replace(DELETE, before=replace(ADA, first_name="Eve")),
            'delete mailbox/ada@a.example: before.first_name was "Ada", is "Eve"',
        ),
    ],
)
def test_whatever_is_otherwise_is_refused_with_what_differs(approved, now, difference):
    """
    The address, and the value then and now.
    """
    message = refusal(saved(Plan(changes=(approved,))), Plan(changes=(now,)))

    assert f"1 change would be made that the saved plan does not have:\n  {difference}" == message


def test_a_field_that_the_saved_plan_does_not_know_is_absent_from_it():
    """
    A version that knew less of mailboxes may have written it.
    """
    document = json.loads(plan_json(Plan(changes=(CREATE,)), CONTEXT))
    del document["changes"][0]["after"]["secondary_email"]
    approved = read_plan(signed(document), name="plan.json")

    message = refusal(approved, Plan(changes=(CREATE,)))

    assert message.endswith(
        "create mailbox/ada@a.example: after.secondary_email was absent, is null"
    )


@pytest.mark.parametrize("approved", [CREATE, UPDATE, DELETE])
@pytest.mark.parametrize("now", [CREATE, UPDATE, DELETE])
def test_another_action_is_refused(approved, now):
    """
    Who approved an update has not approved a deletion.
    """
    if approved is now:
        hold_to(saved(Plan(changes=(approved,))), Plan(changes=(now,)), CONTEXT)
    else:
        message = refusal(saved(Plan(changes=(approved,))), Plan(changes=(now,)))

        assert f'action was "{approved.action}", is "{now.action}"' in message


def test_a_part_of_an_update_holds():
    """
    One of its fields is as wanted by now; what the other ones are is all the same.
    """
    now = replace(UPDATE, before=replace(OLD, active=True), fields=("display_name",))

    hold_to(saved(Plan(changes=(UPDATE,))), Plan(changes=(now,)), CONTEXT)


def test_what_was_only_told_was_not_approved():
    """
    A conflict that has become a change is one change more.
    """
    entry = Blocked(change=CREATE, reason=Reason.NAME_TAKEN, detail="taken")

    for plan in (Plan(conflicts=(entry,)), Plan(refused=(entry,))):
        message = refusal(saved(plan), Plan(changes=(CREATE,)))
        assert "create mailbox/ada@a.example: not in the saved plan" in message


def test_what_is_only_told_now_is_no_change():
    """
    Less is done than was approved.
    """
    entry = Blocked(change=CREATE, reason=Reason.DOMAIN_DISABLED, detail="disabled")

    hold_to(saved(Plan(changes=(CREATE,))), Plan(refused=(entry,)), CONTEXT)


def test_where_it_is_written_does_not_matter():
    """
    Lines move when files are edited.
    """
    now = replace(CREATE, note="somebody else's handle")

    hold_to(saved(Plan(changes=(CREATE,))), Plan(changes=(now,)), CONTEXT)


SETTINGS: dict[str, tuple[Any, str]] = {
    "service_account": ("x", '`service_account` was "la_regie", is "x"'),
    "assume_enabled": (True, "`assume_enabled` was false, is true"),
    "prune": (frozenset({Kind.ALIAS, Kind.ACCESS}), "`prune` was none, is access, alias"),
    "delete_mailboxes": (True, "`delete_mailboxes` was false, is true"),
    "max_removals": (11, "`max_removals` was 10, is 11"),
    "max_removals_percent": (0, "`max_removals_percent` was 20, is 0"),
    "removals_allowed": (3, "`--max-removals` was not set, is 3"),
    "protected": (("user/*",), "`protected` was none, is user/*"),
}
LETTERS = {
    "mode": "none",
    "sender": "eve@evil.test",
    "language": "en",
    "webmail": "https://evil.test",
    "templates": "letters",
}
ALL_THREE = "--only a.example --changed-since v1 --shard 2/3"
ONLY = {"only": ["a.example"], "changed_since": None, "shard": None, "domains": 1, "declared": 2}


def test_each_setting_of_a_policy_is_compared():
    """
    All but the account in use, and what a shard may remove: both are seen in the plan.
    """
    assert {*SETTINGS, "account", "within"} == {field.name for field in fields(Policy)}


@pytest.mark.parametrize(
    ("context", "message"),
    [
        (
            replace(CONTEXT, target="https://other.example"),
            "target: https://dimail.example, and this run is for https://other.example",
        ),
        *(
            (replace(CONTEXT, policy=replace(CONTEXT.policy, **{key: value})), f"policy: {words}")
            for key, (value, words) in SETTINGS.items()
        ),
        *(
            (
                replace(CONTEXT, notify={key: value}),
                f'policy: `notify.{key}` was not set, is "{value}"',
            )
            for key, value in LETTERS.items()
        ),
        (
            replace(CONTEXT, selection=ONLY),
            "selection: all domains, and this run is for --only a.example",
        ),
        (
            replace(CONTEXT, selection={**ONLY, "changed_since": "v1", "shard": "2/3"}),
            f"selection: all domains, and this run is for {ALL_THREE}",
        ),
    ],
)
def test_another_target_policy_or_selection_is_refused(context, message):
    """
    Even if nothing is to be done, and the other way round.
    """
    expected = f"the saved plan was made for another {message}"
    assert expected == refusal(saved(Plan()), Plan(), context)
    assert refusal(saved(Plan(), context), Plan()) != expected


@pytest.mark.parametrize("asked", [None, ONLY, {**ONLY, "only": [], "changed_since": "v1"}])
def test_a_plan_for_all_shards_is_one_for_each_of_them(asked):
    """
    Of the same selection; a shard's plan is for that shard alone.
    """
    nothing = {**ONLY, "only": []}
    shards = [
        replace(CONTEXT, selection={**(asked or nothing), "shard": shard})
        for shard in ("2/3", "3/3")
    ]
    whole = replace(CONTEXT, selection=asked)

    hold_to(saved(Plan(), whole), Plan(), shards[0])

    assert "another selection" in refusal(saved(Plan(), shards[0]), Plan(), whole)
    assert "another selection" in refusal(saved(Plan(), shards[0]), Plan(), shards[1])
    other = replace(CONTEXT, selection={**ONLY, "only": ["b.example"], "shard": "2/3"})
    assert "another selection" in refusal(saved(Plan(), whole), Plan(), other)


def test_how_many_domains_a_selection_finds_does_not_matter():
    """
    It follows from the files, and what it means for the plan is seen in the plan.
    """
    more = replace(CONTEXT, selection={**ONLY, "domains": 0, "declared": 9})

    hold_to(saved(Plan(), replace(CONTEXT, selection=ONLY)), Plan(), more)


def test_many_differences_are_counted_and_some_of_them_shown():
    """
    In a time that nobody notices.
    """
    boxes = [replace(ADA, local_part=f"n{number:05}") for number in range(5_000)]
    changes = tuple(replace(CREATE, after=box) for box in boxes)
    others = tuple(replace(CREATE, after=replace(box, last_name="X")) for box in boxes)
    approved = plan_document(Plan(changes=changes), CONTEXT)

    began = time.process_time()
    message = refusal(approved, Plan(changes=others))

    assert 5 > time.process_time() - began
    assert message.startswith("5000 changes would be made that the saved plan does not have:\n")
    assert message.endswith("\n  and 4980 more")
    assert 22 == len(message.splitlines())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "plan",
        "{'a': 1}",
        '{"a": 1}}',
        "[" * 100_000,
        '{"a":' * 100_000,
        "9" * 10_000,
        "\ufeff{}",
        "NaN",
        '{"a": [-Infinity]}',
    ],
    ids=[
        "empty",
        "open",
        "word",
        "python",
        "more",
        "deep list",
        "deep object",
        "big number",
        "byte order mark",
        "not a number",
        "without end",
    ],
)
def test_what_is_not_json_is_refused(text):
    """
    By its name, however large or deep it is.
    """
    assert "plan.json is not JSON" == fault(text)


@pytest.mark.parametrize("depth", range(100, 1000, 30))
def test_no_depth_is_too_deep_to_be_refused(depth):
    """
    What can be read may yet be too deep to be written.
    """
    assert fault('{"format_version": "1.0", "x":' + "[" * depth + "]" * depth + "}")


@pytest.mark.parametrize("text", ["[]", "null", '"x"', "1", "true"])
def test_json_that_is_no_object_is_no_plan(text):
    """
    Whatever else it is.
    """
    assert "plan.json is not a plan" == fault(text)


@pytest.mark.parametrize("version", ["2.0", "0.9", "10.0", "", "x", None, 1, 1.0, ["1.0"]])
def test_another_major_format_is_not_read(version):
    """
    What its keys mean is not known.
    """
    document = {**plan_document(Plan(), CONTEXT), "format_version": version}

    assert "plan.json has a plan format that this version does not read" == fault(signed(document))


def test_a_later_minor_format_is_read():
    """
    Keys are only added to it.
    """
    document = plan_document(Plan(changes=(CREATE,)), CONTEXT)
    document |= {"format_version": "1.7", "news": True}
    approved = read_plan(signed(document), name="plan.json")

    hold_to(approved, Plan(changes=(CREATE,)), CONTEXT)


@fewer
@given(worlds(), st.data())
def test_a_file_that_was_changed_by_hand_is_refused(world, data):
    """
    The digest does not fit any more.
    """
    made = plan_for(world.desired, world.live, world.policy)
    document = plan_document(made, CONTEXT)
    key = data.draw(st.sampled_from([key for key in document if key != "format_version"]))
    document[key] = data.draw(st.sampled_from(["", 0]))

    assert "plan.json was changed after it was written: its digest does not fit" == fault(
        to_text(document)
    )


SMALL = Plan(changes=(CREATE,), held=(Held(change=replace(CREATE, after=OLD), hold=HOLD),))


def read_or_refused(text):
    """Give the document in a file, or none if it is refused as it should be."""
    try:
        return read_plan(text, name="plan.json")
    except SettingsError as error:
        return None if error.message.startswith("plan.json ") else error


def test_a_byte_that_was_changed_is_refused_or_makes_no_difference():
    """
    For each byte of a file: only blanks between values, and other escapes of a value, say the same.
    """
    text = plan_json(SMALL, CONTEXT)
    whole, same = json.loads(text), 0
    for at, char in enumerate(text):
        for other in {" ", '"', "0", chr(ord(char) ^ 1), char.swapcase()} - {char}:
            read = read_or_refused(text[:at] + other + text[at + 1 :])
            assert read in (None, whole)
            same += read is not None

    assert 0 < same < len(text)


def test_a_file_that_was_cut_off_is_refused():
    """
    Wherever, but for the end of its last line.
    """
    text = plan_json(SMALL, CONTEXT)

    assert {"plan.json is not JSON"} == {fault(text[:length]) for length in range(len(text) - 2)}


def ways_into(value, way=()):
    """Give the keys that lead to each value in a document."""
    keys = (
        value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    for key in keys:
        yield *way, key
        yield from ways_into(value[key], (*way, key))


@pytest.mark.parametrize("value", [None, "x", 1, True, [], {}, "gone"], ids=repr)
def test_whatever_is_written_into_a_file_with_a_fitting_digest_brings_nothing_in(value):
    """
    What nobody approved is refused with what was; what is done is the fresh plan or less.
    """
    more = replace(SMALL, changes=(*SMALL.changes, replace(CREATE, after=User(name="eve"))))
    read = 0
    for *way, last in ways_into(plan_document(SMALL, CONTEXT)):
        document = json.loads(plan_json(SMALL, CONTEXT))
        place = document
        for key in way:
            place = place[key]
        if value == "gone":
            del place[last]
        else:
            place[last] = value
        approved = read_or_refused(signed(document))
        if approved is not None:
            read += 1
            message = objection(approved, more)
            assert "create user/eve: not in the" in message or "made for another" in message

    assert read


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        (snapshot_json(snapshot(LiveState(), target="", declared=(), existing=())), "snapshot"),
        (report_json(Report(), Plan(), CONTEXT), "report"),
    ],
)
def test_another_document_of_mailstate_is_refused_as_what_it_is(document, kind):
    """
    Files are easily mixed up.
    """
    assert f"plan.json is a {kind}, not a plan" == fault(document)


def test_a_key_that_comes_twice_is_refused():
    """
    A reader sees the first, the program would take the second, and the digest would fit.
    """
    text = plan_json(Plan(changes=(CREATE,)), CONTEXT)
    document = text.replace('"changes": [', '"changes": [], "changes": [', 1)

    assert json.loads(text) == json.loads(document)
    assert "plan.json was changed after it was written: a key comes twice" == fault(document)


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("changes", None, "$.changes: type"),
        ("changes", [{}], "$.changes[0]: required"),
        ("target", 1, "$.target: type"),
        ("policy", {}, "$.policy: required"),
        ("held", [resource_values(ADA)], "$.held[0]: required"),
    ],
)
def test_what_does_not_fit_the_schema_is_refused(key, value, expected):
    """
    With the place of the fault, though its digest fits.
    """
    document = {**plan_document(Plan(), CONTEXT), key: value}

    assert f"plan.json is not a plan: {expected}" == fault(signed(document))


def test_an_empty_plan_allows_nothing():
    """
    Of any kind.
    """
    for resource in (
        User(name="x"),
        Domain(name=A, features=frozenset(), context=None, delivery=None),
        Alias(domain=A, local_part="info", destination="x@y.test"),
        ADA,
    ):
        change = replace(CREATE, after=resource)
        assert f"create {resource.key}: not in the saved plan" in refusal(
            saved(Plan()), Plan(held=(Held(change=change, hold=HOLD),))
        )


def test_a_large_plan_is_read_in_reasonable_time():
    """
    Ten thousand changes are a large town.
    """
    changes = tuple(
        replace(CREATE, after=replace(ADA, local_part=f"n{number:05}")) for number in range(10_000)
    )
    text = plan_json(Plan(changes=changes), CONTEXT)

    began = time.process_time()
    read_plan(text, name="plan.json")

    assert 20 > time.process_time() - began
