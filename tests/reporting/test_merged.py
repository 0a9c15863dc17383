"""Documents of all shards make the document of the run; those of anything else are refused."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstate.applying.outcome import Applied, Failed, Letter, NotBegun, Report, Skipped
from mailstate.errors import ExitCode, SettingsError
from mailstate.model.resources import Kind, User
from mailstate.planning.causes import causes
from mailstate.planning.plan import Action, Change, Plan, Policy
from mailstate.planning.planner import plan
from mailstate.planning.selection import Selection, select, selected
from mailstate.reporting.approved import removals_of
from mailstate.reporting.merged import merged_plan, merged_report, merged_report_text, report_code
from mailstate.reporting.paint import plain
from mailstate.reporting.plan_json import Context, digest, plan_document, plan_json, to_text
from mailstate.reporting.report import report_json
from mailstate.reporting.reread import context_of, plan_of
from tests.planning.examples import A, B, alias, asked, desired, live, mailbox, planned, there
from tests.reporting.strategies import caused, causes_of_kinds, contexts, plans
from tests.strategies import desired_states, fewer, policies, prunings, worlds

TARGET = "https://dimail.example"
POLICY = Policy(service_account="la_regie")
WANTED = desired(asked(A, mailbox()), asked(B, mailbox(domain=B)))
THERE = live(there(A), there(B), users=("la_regie",))


@fewer
@given(plans, contexts, causes_of_kinds)
def test_a_plan_that_is_read_and_written_again_is_the_same(made, context, of_kinds):
    """
    Whatever is in it.
    """
    document = plan_document(made, replace(context, causes=caused(made, of_kinds)))

    assert document == plan_document(plan_of(document), context_of(document))


def context(state, declared, *, policy=POLICY, target=TARGET, **selection):
    """Give what a plan of *state*, a part of what is *declared*, was made with."""
    chosen = selected(Selection(**selection), desired=state, declared=declared)
    return Context(target=target, policy=policy, selection=chosen)


def written(state, existing, *, of, base=None, **more):
    """Give the document of each shard, under a name, and that of the whole."""
    made = {}
    for which in (None, *range(1, of + 1)):
        shard = (which, of) if which else None
        part = select(state, Selection(shard=shard))
        about = context(part, state, shard=shard, **more)
        policy = replace(about.policy, within=frozenset() if shard else None)
        told = plan(part, existing, policy)
        if base is not None:
            about = replace(about, causes=causes(told, part, base, policy) or None)
        made[which] = plan_json(told, about)
    whole = made.pop(None)
    return [(f"{which}.json", text) for which, text in made.items()], whole


@given(
    worlds(policy=policies | prunings), st.none() | desired_states(), st.integers(1, 9), st.data()
)
@fewer
def test_the_documents_of_all_shards_make_that_of_the_run(world, base, of, data):
    """
    Byte for byte, in whatever order they are given, with causes and without.
    """
    parts, whole = written(world.desired, world.live, of=of, base=base, policy=world.policy)

    made = merged_plan(data.draw(st.permutations(parts)))

    assert whole == plan_json(*made)


def test_what_a_plan_removes_is_read_from_its_document():
    """
    Deletions, and what is switched off though no file asks for that; nothing that a file asks.
    """
    off = mailbox("bob", active=False, display_name="Bob Noyce")
    made = planned(
        desired(asked(A, off)),
        live(there(A, replace(off, active=True), mailbox("dee"), alias("x@y.test"))),
        prune=frozenset({Kind.ALIAS, Kind.MAILBOX}),
        max_removals_percent=100,
    )

    document = plan_document(made, context(WANTED, WANTED))

    assert 3 == len(made.changes)
    assert {mailbox("dee").key, alias("x@y.test").key} == removals_of(document)


def test_a_merged_part_of_the_domains_says_that_it_is_one():
    """
    With the same words as a run for that part without shards.
    """
    only = ("*.example",)
    parts = []
    for which in (1, 2):
        part = select(WANTED, Selection(only=only, shard=(which, 2)))
        about = context(part, WANTED, only=only, shard=(which, 2))
        parts.append((f"{which}.json", plan_json(plan(part, THERE, POLICY), about)))

    made = merged_plan(parts)

    assert plan_json(plan(WANTED, THERE, POLICY), context(WANTED, WANTED, only=only)) == (
        plan_json(*made)
    )


def edited(text, **changes):
    """Give a document with other values, and the digest that fits."""
    document = {**json.loads(text), **changes}
    return to_text({**document, "digest": digest(document)})


def otherwise(text, part, **changes):
    """Give a document whose *part* has other values."""
    return edited(text, **{part: {**json.loads(text)[part], **changes}})


PARTS, WHOLE = written(WANTED, THERE, of=3)
ONE, TWO, THREE = (text for _, text in PARTS)
MISSING = ", ".join(f"{number}/{10**30}" for number in range(2, 12))
OTHER_FILES = "they were not made of the same files"


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ([ONE, TWO], "this shard is missing: 3/3"),
        ([TWO], "these shards are missing: 1/3, 3/3"),
        ([ONE, TWO, TWO], "shard 2/3 comes twice: 1.json and 2.json"),
        ([ONE, TWO, WHOLE], "2.json is the plan of no shard"),
        (
            [ONE, TWO, otherwise(THREE, "selection", shard="3/4")],
            "2.json is shard 3/4, and 0.json shard 1/3",
        ),
        (
            [ONE, TWO, otherwise(THREE, "selection", shard="4/3")],
            "2.json is of a shard that cannot be: 4/3",
        ),
        (
            [ONE, TWO, otherwise(THREE, "selection", shard="³/3")],
            "2.json is of a shard that cannot be: ³/3",
        ),
        (
            [otherwise(ONE, "selection", shard=f"1/{10**30}")],
            f"these shards are missing: {MISSING} and {10**30 - 11} more",
        ),
        (
            [ONE, TWO, otherwise(THREE, "selection", declared=9)],
            "the files of 2.json declare 9 domains, those of 0.json 2",
        ),
        (
            [otherwise(text, "selection", declared=3) for text in (ONE, TWO, THREE)],
            f"the shards have looked at 2 domains, and 3 are there: {OTHER_FILES}",
        ),
        (
            [ONE, TWO, otherwise(THREE, "selection", only=["*"])],
            "2.json was made with another --only than 0.json",
        ),
        (
            [ONE, TWO, otherwise(THREE, "selection", changed_since="main")],
            "2.json was made with another --changed-since than 0.json",
        ),
        (
            [ONE, TWO, edited(THREE, target="https://other.example")],
            "2.json is for https://other.example, and 0.json for https://dimail.example",
        ),
        (
            [ONE, TWO, otherwise(THREE, "policy", max_removals=99)],
            "2.json was made with another policy than 0.json: `max_removals` was 10, is 99",
        ),
        (
            [ONE, TWO, edited(THREE, tool_version="0.0.9")],
            "2.json has the tool version 0.0.9, and this one is ",
        ),
        (
            [ONE, TWO, edited(THREE, format_version="1.7")],
            "2.json has the format version 1.7, and this one is 1.0",
        ),
        (
            [ONE, TWO, THREE.replace("la_regie", "le_regie")],
            "2.json was changed after it was written: its digest does not fit",
        ),
        (
            [ONE, TWO, otherwise(THREE, "summary", create=9)],
            "2.json is not as mailstate writes a plan",
        ),
        ([ONE, TWO, "{}"], "2.json has a plan format that this version does not read"),
    ],
)
def test_what_does_not_belong_together_is_refused(texts, message):
    """
    With the file that does not fit, and what to do.
    """
    with pytest.raises(SettingsError) as raised:
        merged_plan([(f"{number}.json", text) for number, text in enumerate(texts)])

    assert raised.value.message.startswith(message)
    assert raised.value.hint
    assert raised.value.exit_code is ExitCode.INVALID


def with_entry(text, change):
    """Give a shard's plan with its last change, if it has one, as nobody writes it."""
    document = json.loads(text)
    if document["changes"]:
        change(document["changes"][-1])
    return edited(text, changes=document["changes"])


@pytest.mark.parametrize(
    "change",
    [
        lambda entry: entry.update(kind="domain"),
        lambda entry: entry.update(kind="user"),
        lambda entry: entry.update(after=None),
        lambda entry: entry["after"].pop("domain"),
        lambda entry: entry["after"].update(domain=7),
        lambda entry: entry.update(address="mailbox/other@b.example"),
    ],
    ids=["kind", "user", "nothing", "key", "type", "address"],
)
def test_a_plan_that_mailstate_would_not_write_so_is_refused(change):
    """
    Though its digest fits, and its schema too.
    """
    with pytest.raises(SettingsError, match="is not as mailstate writes a plan"):
        merged_plan([(name, with_entry(text, change)) for name, text in PARTS])


def test_what_two_shards_tell_is_refused():
    """
    One of them was made of other files.
    """
    documents = [json.loads(text) for text in (ONE, TWO, THREE)]
    (full,) = [one for one in documents if any(e["kind"] == "mailbox" for e in one["changes"])][:1]
    empty = next(one for one in documents if not one["changes"])
    text = edited(to_text(empty), changes=full["changes"], summary=full["summary"])
    parts = [*PARTS, (empty["selection"]["shard"][0] + ".json", text)]
    del parts[int(empty["selection"]["shard"][0]) - 1]

    with pytest.raises(SettingsError, match=r"is in \d.json and in \d.json: they were not made of"):
        merged_plan(parts)


ADA, BOB = mailbox("ada"), mailbox("bob", B)
ANN = User(name="5e0c2f6e-3c1b-4f0a-9d3e-1f2a3b4c5d6e")


def create(resource):
    """A creation."""
    return Change(action=Action.CREATE, before=None, after=resource)


NOTHING = Plan()


def reported(*reports, of=None, told=NOTHING):
    """Give the document of each of *reports*, as one shard's."""
    number = of or len(reports)
    return [
        (
            f"{which}.json",
            report_json(
                report,
                told if which == 1 else Plan(),
                context(
                    select(WANTED, Selection(shard=(which, number))),
                    WANTED,
                    shard=(which, number),
                ),
            ),
        )
        for which, report in enumerate(reports, 1)
    ]


LOST = Letter(to="x@home.test", is_delivered=False, detail="refused")


def test_the_reports_of_all_shards_add_up():
    """
    In the order of a plan, with new counts, as what the whole run has looked at.
    """
    strays = planned(desired(asked(A)), live(there(A, ADA)))
    parts = reported(
        Report(outcomes=(Applied(change=create(ADA), letter=LOST),)),
        Report(outcomes=(Applied(change=create(ANN)), Failed(change=create(BOB), message="no"))),
        told=strays,
    )

    made = merged_report([parts[1], parts[0]])

    assert [ANN.key, ADA.key, BOB.key] == [entry["address"] for entry in made["outcomes"]]
    assert {
        "planned": 3,
        "applied": 2,
        "failed": 1,
        "skipped": 0,
        "held": 0,
        "not_begun": 0,
        "undelivered": 1,
        "conflicts": 0,
        "unmanaged": 1,
        "refused": 0,
    } == made["summary"]
    assert [ADA.key] == [entry["address"] for entry in made["unmanaged"]]
    assert made["selection"] is None
    assert digest(made) == made["digest"]
    assert (
        "3 changes planned: 2 applied, 1 failed\n"
        "  failed    + mailbox/bob@b.example  no\n"
        "1 made, but the confirmation did not go out\n"
    ) == merged_report_text(made, plain)


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ((Applied(change=create(ANN)), Failed(change=create(ANN), message="no")), "failed"),
        ((Failed(change=create(ANN), message="no"), NotBegun(change=create(ANN))), "failed"),
        ((NotBegun(change=create(ANN)), Applied(change=create(ANN))), "not_begun"),
        ((Applied(change=create(ANN)), Applied(change=create(ANN), note="was there")), "applied"),
    ],
)
def test_a_user_whom_two_shards_needed_is_told_once(others, expected):
    """
    By the gravest of what became of it; the first shard of two that agree.
    """
    parts = reported(*(Report(outcomes=(outcome,)) for outcome in others))

    (entry,) = merged_report(parts)["outcomes"]

    assert (expected, None if expected == "applied" else entry["detail"]) == (
        entry["outcome"],
        entry["detail"],
    )


@pytest.mark.parametrize(
    ("reports", "code"),
    [
        ((Report(), Report()), ExitCode.OK),
        ((Report(), Report(outcomes=(Failed(change=create(ADA), message="no"),))), 1),
        ((Report(outcomes=(Skipped(change=create(ADA), because=ANN.key),)), Report()), 1),
        ((Report(), Report(outcomes=(Applied(change=create(ADA), letter=LOST),))), 1),
        (
            (
                Report(interrupted=True, outcomes=(NotBegun(change=create(ADA)),)),
                Report(outcomes=(Failed(change=create(BOB), message="no"),)),
            ),
            ExitCode.INTERRUPTED,
        ),
    ],
)
def test_the_code_of_merged_reports_is_the_gravest(reports, code):
    """
    As if one apply had done it all.
    """
    assert code == report_code(merged_report(reported(*reports)))


def test_what_a_guard_refused_in_one_shard_is_the_code_of_all():
    """
    Where nothing failed.
    """
    stray = planned(desired(asked(A)), live(there(A, ADA)), prune=frozenset({Kind.MAILBOX}))
    made = merged_report(reported(Report(), Report(), told=stray))

    assert ExitCode.REFUSED == report_code(made)
    assert merged_report_text(made, plain).endswith("1 refused by a guard\n")


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (reported(Report(), of=2), "this shard is missing: 2/2"),
        (
            reported(*[Report(outcomes=(Applied(change=create(ADA)),))] * 2),
            f"mailbox/ada@a.example is in 1.json and in 2.json: {OTHER_FILES}",
        ),
        ([*reported(Report(), Report())[:1], ("2.json", TWO)], "2.json is a plan, not a report"),
    ],
)
def test_reports_that_do_not_belong_together_are_refused(parts, message):
    """
    As plans are.
    """
    with pytest.raises(SettingsError) as raised:
        merged_report(parts)

    assert message == raised.value.message


def test_an_interrupted_run_says_so():
    """
    And what is owed since earlier is not lost on the way.
    """
    made = merged_report(reported(Report(interrupted=True), Report()))

    assert merged_report_text(made, plain) == (
        "Nothing was to be done\n"
        "Interrupted: what was under way is finished, the rest was not begun\n"
    )
