"""News of a domain for those who look after it."""

from email import message_from_bytes
from email.policy import default

import pytest

from mailstate.letters.compose import News
from mailstate.letters.delivery import Delivered, NotSent, Undelivered, Way, new_stamp
from mailstate.letters.records import records_for
from mailstate.letters.support import Support
from mailstate.model.state import Check
from tests.letters.support import STAMP, D, head, postman, run

MX = Check(name="mx", internal=False, codes=("no_mx",))


def tell(server, to, news=News.ENABLED, **told):
    """Tell *to* the *news*, and take leave of the mail server."""

    async def go():
        async with postman(f"smtp://127.0.0.1:{server.port}") as to_send:
            support = Support(postman=to_send, head=head(), stamp=lambda: STAMP)
            return await support.tell(D, to, news, **told)

    return run(go())


@pytest.mark.parametrize(
    ("news", "subject"),
    [
        (News.ENABLED, "Le domaine commune.example est prêt"),
        (News.ACTION_REQUIRED, "Domaine commune.example\u00a0: il reste quelque chose à faire"),
        (News.FAILED, "Domaine commune.example\u00a0: un problème de notre côté"),
    ],
)
def test_those_who_look_after_a_domain_hear_of_it(inbox, news, subject):
    """
    By one letter.
    """
    delivery = tell(inbox, "dsi@commune.example", news, checks=[MX], records=records_for([MX], D))

    assert Delivered(to="dsi@commune.example", way=Way.NEWS) == delivery
    (received,) = inbox.letters
    assert subject == message_from_bytes(received.original_content, policy=default)["Subject"]


def test_without_a_support_address_there_is_no_letter(inbox):
    """
    That is nothing to complain of.
    """
    assert NotSent(reason="the domain has no support address") == tell(inbox, None)


def test_a_support_address_that_is_none_is_told(inbox):
    """
    As the setting that it is.
    """
    assert Undelivered(
        to="dsi", reason="this is no e-mail address", hint="correct `support_email`"
    ) == tell(inbox, "dsi")


def test_what_could_not_be_delivered_is_told(puppet):
    """
    With the reason.
    """
    puppet.plays = [{"RCPT": "550 5.1.1 nobody"}]
    delivery = tell(puppet, "dsi@commune.example")

    assert isinstance(delivery, Undelivered)
    assert delivery.reason.endswith("the server refused the recipient: 550 5.1.1 nobody")


def test_no_two_letters_have_the_same_stamp():
    """
    It is made of the time and of chance, and tells nothing of the machine.
    """
    one, two = new_stamp(), new_stamp()

    assert one.token != two.token
    assert one.date.tzinfo
    assert 32 == len(one.token)
