"""What a run has come to, in numbers and in letters."""

from mailstate.applying.outcome import (
    Applied,
    Failed,
    LateLetter,
    Letter,
    NotBegun,
    Report,
    Skipped,
    StillHeld,
)
from mailstate.model.resources import User
from mailstate.planning.holds import hold_unseen
from mailstate.planning.plan import Action, Change
from tests.planning.examples import A, mailbox

SENT = Letter(to="ada@home.example", is_delivered=True, detail="password")
LOST = Letter(to="bob@home.example", is_delivered=False, detail="refused")
LATE = Letter(to="cy@home.example", is_delivered=False, detail="timed out")


def create(resource):
    """The creation of *resource*."""
    return Change(action=Action.CREATE, before=None, after=resource)


ADA, BOB, CY, USER = map(create, (mailbox(), mailbox("bob"), mailbox("cy"), User(name="new")))


def test_the_letters_of_a_run_are_those_of_its_mailboxes_and_those_that_were_owed():
    """
    What failed after the mailbox was made has its letter all the same; what has none is left out.
    """
    report = Report(
        outcomes=(
            Applied(change=USER),
            Applied(change=ADA, letter=SENT),
            Failed(change=BOB, message="made, but not yet as asked", letter=LOST),
            NotBegun(change=CY),
        ),
        late_letters=(LateLetter(key=CY.key, letter=LATE),),
    )

    assert ((ADA.key, SENT), (BOB.key, LOST), (CY.key, LATE)) == report.letters()
    assert ((BOB.key, LOST), (CY.key, LATE)) == report.undelivered()


def test_the_numbers_of_a_run_add_up():
    """
    Each outcome is counted once, and each number is there, though it be nought.
    """
    held = hold_unseen(A, "timed out")
    report = Report(
        outcomes=(
            Failed(change=USER, message="403"),
            Skipped(change=ADA, because=USER.key),
            StillHeld(change=BOB, hold=held),
            NotBegun(change=CY),
        )
    )

    assert {
        "planned": 4,
        "applied": 0,
        "failed": 1,
        "skipped": 1,
        "held": 1,
        "not_begun": 1,
    } == report.summary()
