"""Tells the support address of a domain how the domain fares."""

from collections.abc import Iterable

from mailstate.errors import MailstateError
from mailstate.letters.addresses import mail_address, shown
from mailstate.letters.compose import News, domain_letter
from mailstate.letters.delivery import (
    Delivered,
    Delivery,
    NewStamp,
    NotSent,
    Undelivered,
    Way,
    new_stamp,
    undelivered,
)
from mailstate.letters.letterhead import Letterhead
from mailstate.letters.postman import Postman
from mailstate.letters.records import Record
from mailstate.model.resources import DomainName
from mailstate.model.state import Check


class Support:
    """Sends news of domains to those who look after them."""

    def __init__(self, *, postman: Postman, head: Letterhead, stamp: NewStamp = new_stamp) -> None:
        self._postman = postman
        self._head = head
        self._stamp = stamp

    async def tell(
        self,
        domain: DomainName,
        to: str | None,
        news: News,
        *,
        checks: Iterable[Check] = (),
        records: Iterable[Record] = (),
    ) -> Delivery:
        """
        Tell *to*, the support address of *domain*, the *news*, and say what became of the letter.

        *checks* are the failing ones, *records* those to publish (`records_for`). Raises nothing.
        """
        if not to:
            return NotSent(reason="the domain has no support address")
        address = mail_address(to)
        if address is None:
            return Undelivered(
                to=shown(to), reason="this is no e-mail address", hint="correct `support_email`"
            )
        letter = domain_letter(
            self._head, address, domain, news, self._stamp(), checks=checks, records=records
        )
        try:
            await self._postman.send(letter)
        except MailstateError as error:
            return undelivered(to, error)
        return Delivered(to=to, way=Way.NEWS)
