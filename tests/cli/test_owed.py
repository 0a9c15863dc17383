"""Paying what earlier runs owe, where a signal or a full disk comes in between."""

import asyncio

from mailstate.applying.outcome import Applied, Letter, Report
from mailstate.cli.owed import Owed, pay
from mailstate.model.resources import DomainName, Mailbox
from mailstate.model.state import Found
from mailstate.planning.plan import Action, Change

BOXES = tuple(
    Mailbox(
        domain=DomainName("a.example"),
        local_part=name,
        first_name="A",
        last_name="B",
        display_name="A B",
        active=True,
        secondary_email=f"{name}@perso.example",
    )
    for name in ("ada", "bob", "zoe")
)
ADA, BOB, ZOE = (mailbox.key for mailbox in BOXES)
DELIVERED = Letter(to="ada@perso.example", is_delivered=True, detail="login-link")


class There:
    """A dimail that has every mailbox, and delivers every letter."""

    async def find(self, resource):
        """Read one thing back."""
        return Found(resource=resource)

    async def welcome(self, _mailbox, _password):
        """Have the letter delivered."""
        return DELIVERED


def paid(report=Report(), *, stop_after=9):  # noqa: B008 - frozen
    """Give the keys of the letters that are sent, if the run is to stop after so many."""
    api, heard = There(), []

    async def send():
        stop = asyncio.Event()

        def tell(late):
            heard.append(late.key)
            if len(heard) == stop_after:
                stop.set()

        letters = await pay(
            Owed(mailboxes=BOXES),
            report,
            find=api.find,
            welcome=api,
            stop=stop,
            tell=tell,
        )
        assert heard == [late.key for late in letters]
        return heard

    return asyncio.run(send())


def test_every_letter_that_is_owed_is_sent_and_told():
    """
    In the order in which they have become due.
    """
    assert [ADA, BOB, ZOE] == paid()


def test_nothing_is_begun_once_the_run_is_to_stop():
    """
    By a signal, or by a journal that can no longer be written: nobody would remember the letter.
    """
    assert [ADA] == paid(stop_after=1)


def test_whom_this_run_has_written_to_gets_no_second_letter():
    """
    It has made the mailbox itself.
    """
    made = Change(action=Action.CREATE, before=None, after=BOXES[0])

    assert [BOB, ZOE] == paid(Report(outcomes=(Applied(change=made, letter=DELIVERED),)))
