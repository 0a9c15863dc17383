"""JSON that is written quickly is the JSON that `json.dumps` writes slowly."""

import json
from dataclasses import replace

from hypothesis import example, given
from hypothesis import strategies as st

from mailstate.applying.outcome import Applied, Failed, Letter, Report, StillHeld
from mailstate.errors import Place
from mailstate.model.resources import DomainName, User
from mailstate.planning.causes import Cause
from mailstate.planning.plan import Action, Actor, Blocked, Change, Hold, HoldReason, Plan, Reason
from mailstate.reporting.plan_json import plan_document, plan_json, to_text
from mailstate.reporting.report import report_document, report_json
from mailstate.reporting.twofold import twofold
from tests.reporting.examples import CONTEXT
from tests.reporting.strategies import anything, contexts, plans, reports, texts
from tests.strategies import EXTERNAL

single = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | anything | texts
keys = anything | st.sampled_from(["%", "%s", "%%", '"', "a%b", "a%", "\0", "é"])
values = st.recursive(
    single,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)


@given(values)
@example([])
@example({})
@example([[], {}, [[]]])
@example({"%d": "%d", "a": ["\0", {"%": None}]})
def test_both_forms_are_those_of_the_standard_library(value):
    """
    The indented one and the compact one with sorted keys, whatever stands in them.
    """
    made = twofold(value)

    assert json.dumps(value, indent=2) == made.indented
    assert json.dumps(value, sort_keys=True, separators=(",", ":")) == made.compact


@given(plans, contexts)
def test_a_plan_is_written_as_its_document_would_be(plan, context):
    """
    With its digest: nobody can tell which of the two ways it came.
    """
    assert to_text(plan_document(plan, context)) == plan_json(plan, context)


@given(reports, plans, contexts)
def test_a_report_is_written_as_its_document_would_be(report, plan, context):
    """
    With its digest and that of the plan.
    """
    assert to_text(report_document(report, plan, context)) == report_json(report, plan, context)


def test_a_plan_of_thousands_of_changes_is_written_as_its_document_would_be():
    """
    Entries are written many at a time, and none is lost or told twice between two such times.
    """
    plan = Plan(
        changes=tuple(
            Change(
                action=Action.CREATE,
                before=None,
                after=User(name=f"user-{number}"),
                place=Place("users.yaml", number + 1, 1) if number % 3 else None,
            )
            for number in range(3_001)
        )
    )

    assert to_text(plan_document(plan, CONTEXT)) == plan_json(plan, CONTEXT)


def test_a_report_in_which_no_two_outcomes_are_alike_is_written_as_its_document_would_be():
    """
    With a letter and without, failed, held; and what the plan left, with its cause.
    """
    change = Change(action=Action.CREATE, before=None, after=User(name="ada"))
    letter = Letter(to="ada@home.example", is_delivered=True, detail="delivered")
    hold = Hold(
        domain=DomainName("a.example"),
        reason=HoldReason.FAILED,
        actor=Actor.OPERATOR,
        detail="its checks fail",
    )
    report = Report(
        outcomes=(
            Applied(change=change),
            Applied(change=change, letter=letter),
            Failed(change=change, message="refused", hint="ask"),
            StillHeld(change=change, hold=hold),
            StillHeld(change=change, hold=replace(hold, checks=(EXTERNAL,))),
        )
    )
    plan = Plan(conflicts=(Blocked(change=change, reason=Reason.CANNOT_CHANGE, detail="other"),))
    context = replace(CONTEXT, causes={change.key: Cause.DRIFT})

    assert to_text(report_document(report, plan, context)) == report_json(report, plan, context)
