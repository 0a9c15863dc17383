"""Reads an answer of any form by h11, which says what is HTTP/1.1 and what is not."""

import h11

from mailstate.dimail.answer import HEEDED, Answer
from mailstate.dimail.line import BROKEN, LONGEST_ANSWER, TOO_LONG, Trouble

_LONGEST_HEAD = 100 * 1024


class Judge:
    """One answer on its way in; its connection is of no more use if it `is_last`."""

    def __init__(self) -> None:
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_LONGEST_HEAD)
        # HEAD and CONNECT alone, which nobody sends, would change how an answer is read.
        self._http.send(h11.Request(method="GET", target="/", headers=[("Host", "")]))
        self._http.send(h11.EndOfMessage())
        self.is_last = False
        self._heard = 0
        self._status = 0
        self._headers: dict[bytes, bytes] = {}
        self._body = bytearray()

    def hear(self, data: bytes) -> Answer | Trouble | None:
        """Take what came, and give the answer if it is whole now; no data is the end."""
        self._heard += len(data)
        self._http.receive_data(data)
        try:
            while (event := self._http.next_event()) is not h11.NEED_DATA:
                match event:
                    case h11.Response():
                        # h11 measures a head only as long as that is incomplete.
                        if self._heard - len(self._rest()) > _LONGEST_HEAD:
                            return BROKEN
                        self._take(event)
                    case h11.Data():
                        self._body += event.data
                        if len(self._body) > LONGEST_ANSWER:
                            return TOO_LONG
                    case h11.EndOfMessage():
                        return self._whole()
                    case _:
                        pass  # news on the way to the answer
        except h11.RemoteProtocolError:
            return BROKEN
        return None

    def _rest(self) -> bytes:
        data, _ = self._http.trailing_data
        return data

    def _take(self, head: h11.Response) -> None:
        self._status = head.status_code
        for name, value in head.headers:
            if name in HEEDED:
                before = self._headers.get(name)
                self._headers[name] = value if before is None else b", ".join((before, value))

    def _whole(self) -> Answer:
        self.is_last = bool(self._rest()) or self._http.their_state is not h11.DONE
        return Answer(
            status=self._status,
            headers=self._headers,
            body=bytes(self._body),
        )
