"""
At most one create, and no lie, whatever happens to a call on its way.

Each case carries out a plan over real sockets, the fault proxy in between. The server's own log
of effects is the witness, and its own tables say what is true.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

import pytest

from mailstate.applying.outcome import Applied, Failed, Outcome, Report, Skipped
from mailstate.planning.plan import Plan
from mailstate.sandbox import PROFILES, Sandbox
from mailstate.sandbox.passwords import matches
from tests.wire.proxy import Proxy
from tests.wire.scenes import ADA, HOLDER, SCENES, D, Scene
from tests.wire.support import Runner
from tests.wire.troubles import RETRY_AFTER, TROUBLES, Place, Script, Told, Trouble, complete

CASES = [
    pytest.param(
        scene,
        trouble,
        id=f"{scene.profile}-{scene.name}-{trouble.name}",
        marks=[pytest.mark.slow] if scene.is_alike or trouble.is_alike else [],
    )
    for scene in SCENES
    for trouble in TROUBLES
    if trouble.fits(scene)
]


@pytest.fixture(scope="module")
def sandboxes() -> Iterator[dict[str, Sandbox]]:
    with ExitStack() as stack:
        yield {
            profile: stack.enter_context(Sandbox(profile=profile, seed=7, ox_unique=True))
            for profile in PROFILES
        }


@pytest.fixture(scope="module")
def elsewhere(sandboxes: dict[str, Sandbox]) -> Iterator[Proxy]:
    """Another server, which nothing must come to: it would be carried out there."""
    with Proxy(sandboxes["2026"].url) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def plans(sandboxes: dict[str, Sandbox]) -> dict[tuple[str, str], Plan]:
    """The plan of each scene: it is the same before every trouble."""
    found: dict[tuple[str, str], Plan] = {}
    for scene in SCENES:
        scene.arrange(sandboxes[scene.profile])
        found[scene.profile, scene.name] = Runner(sandboxes[scene.profile]).plan(scene.order)
    return found


@pytest.mark.parametrize(("scene", "trouble"), CASES)
def test_whatever_happens_is_done_at_most_once_and_truly_told(
    sandboxes, plans, elsewhere, scene, trouble
):
    """
    What is told is so on the server, no way in is lost without a word, and a run without trouble
    does the rest and nothing else.
    """
    sandbox, before = sandboxes[scene.profile], plans[scene.profile, scene.name]
    scene.arrange(sandbox)

    script, report = troubled(sandbox, scene, trouble, before, elsewhere)

    [outcome] = [one for one in report.outcomes if one.change.key == scene.key]
    undone = [one for one in report.outcomes if not scene.is_as_asked(sandbox, one.change)]
    assert trouble.told_in(scene) == told(outcome), outcome
    assert all(is_true(one, is_done=one not in undone) for one in report.outcomes), report
    assert not elsewhere.asked
    assert_nothing_is_done_twice(sandbox, before)
    assert_letters_are_truly_told(sandbox, outcome)
    assert_patience(trouble, scene, script)
    assert not (trouble.is_smooth and script.reads)

    runner = Runner(sandbox)
    again = runner.plan(scene.order)
    stuck = {entry.change.key for entry in again.conflicts}
    assert {one.change.key for one in undone} == stuck | {one.key for one in again.changes}
    assert stuck <= ({scene.key} if trouble.is_lasting else set())
    assert not again.held
    if again.changes:
        rest = runner.apply(scene.order, again, sandbox.url)
        assert all(isinstance(one, Applied) for one in rest.outcomes), rest
    assert all(scene.is_as_asked(sandbox, one) for one in before.changes if one.key not in stuck)
    assert_nothing_is_done_twice(sandbox, before)
    assert len(letters(sandbox)) <= 1


def troubled(
    sandbox: Sandbox, scene: Scene, trouble: Trouble, plan: Plan, elsewhere: Proxy
) -> tuple[Script, Report]:
    """Carry *plan* out while there is *trouble*; the report, and what happened on the wire."""
    runner = Runner(sandbox)
    with Proxy(sandbox.url) as proxy:
        place = Place(sandbox=sandbox, scene=scene, url=proxy.url, elsewhere=elsewhere.url)
        script = Script(place, trouble, runner)
        proxy.decide = script
        runner.clock.on_pause = {
            "release": proxy.release,
            "complete": lambda: complete(sandbox),
            None: None,
        }[trouble.on_pause]
        report = runner.apply(scene.order, plan, proxy.url)
        proxy.settle()
    return script, report


def told(outcome: Outcome) -> Told:
    """How *outcome* tells what became of the change."""
    match outcome:
        case Applied(note=""):
            return "plain"
        case Applied(note="was there already"):
            return "there"
        case Applied(note=note):
            assert note.startswith("found"), note
            return "found"
        case Failed(is_unknown=is_unknown):
            return "unknown" if is_unknown else "failed"
        case _:
            raise AssertionError(outcome)


def is_true(outcome: Outcome, *, is_done: bool) -> bool:
    """Whether *outcome* says so; what is unknown or was not tried says nothing of it."""
    if isinstance(outcome, Skipped) or (isinstance(outcome, Failed) and outcome.is_unknown):
        return True
    return isinstance(outcome, Applied) is is_done


def assert_nothing_is_done_twice(sandbox: Sandbox, plan: Plan) -> None:
    effects = sandbox.effects()
    planned = {str(one.key).partition("/")[2] for one in plan.changes}
    times = Counter((one.action, one.kind, one.object) for one in effects)
    assert [] == [what for what, number in times.items() if what[0] != "update" and number > 1], (
        effects
    )
    assert {one.object for one in effects} <= planned, effects


def assert_letters_are_truly_told(sandbox: Sandbox, outcome: Outcome) -> None:
    """A letter that is told has come, with a key that opens; one that is due is told."""
    assert isinstance(outcome, Applied | Failed)
    sent = letters(sandbox)
    letter = outcome.letter
    assert len(sent) == (letter is not None and letter.is_delivered)
    if letter is not None and letter.is_delivered and letter.detail != "login-link":
        row = sandbox.store.mail.mailbox(D, "ada")
        assert row is not None
        assert any(matches(one, row.password) for one in sent[0].split()), letter
    assert letter is not None or not is_letter_due(outcome)
    if isinstance(outcome, Applied):
        assert outcome.password_lost is (
            outcome.change.key == ADA
            and outcome.change.action == "create"
            and outcome.note.startswith("found done")
        )
        assert not (outcome.password_lost and letter and letter.detail == "password")


def is_letter_due(outcome: Applied | Failed) -> bool:
    """Whether the holder of a new mailbox waits for it: it was made by this run, and is in use."""
    if outcome.change.action != "create" or outcome.change.key != ADA:
        return False
    if getattr(outcome.change.after, "active", None) is False:
        return False
    if isinstance(outcome, Failed):
        return outcome.message.startswith("made, but")
    return outcome.note != "was there already"


def letters(sandbox: Sandbox) -> Sequence[str]:
    return [one.text or "" for one in sandbox.outbox() if HOLDER in one.recipients]


def assert_patience(trouble: Trouble, scene: Scene, script: Script) -> None:
    """Nobody asks again before the time that the server has named."""
    if trouble.names_a_time and not scene.is_for_letters:
        first, second, *_ = script.slept
        assert second - first >= RETRY_AFTER
