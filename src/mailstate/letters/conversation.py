"""
One connection to the mail server, blocking. What happens is told by values.

The only module that calls smtplib. None of its exceptions leaves: they hold what the server said,
and a server may repeat what it was told. It is quoted only while it knows no secret of ours: one
that we log in to knows our password, and one that was given a letter knows what opens a mailbox
(spam filters quote letters). From those, the meaning of their codes must do.
"""

import base64
import re
import smtplib
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from mailstate.letters.addresses import shown
from mailstate.letters.errors import Fate
from mailstate.letters.server import Login, MailServer

CONNECTING = 10.0
"""Seconds that making a connection may take, TLS included."""

ANSWERING = 30.0
"""Seconds that the server may take for one command."""

_SAYING_GOODBYE = 2.0
_MAX_SHOWN = 160

Dial = Callable[[tuple[str, int], float], socket.socket]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What kept a letter, or the whole conversation, from going on."""

    fate: Fate
    words: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A letter as SMTP wants it: envelope and bytes, lines ending in CRLF."""

    sender: str
    recipient: str
    data: bytes = field(repr=False)

    @property
    def is_utf8(self) -> bool:
        """Whether it needs SMTPUTF8 (RFC 6531)."""
        return not (self.sender + self.recipient).isascii()


class _TroubleError(Exception):
    """Trouble on its way to the method that gives it to the caller."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.words)
        self.trouble = trouble


class Conversation:
    """One connection, opened when it is needed, kept until there is trouble or `close`."""

    def __init__(self, server: MailServer, *, name: str, dial: Dial) -> None:
        self._server = server
        self._name = name
        self._dial = dial
        self._smtp: smtplib.SMTP | None = None
        self._knows_secrets = server.login is not None

    @property
    def is_open(self) -> bool:
        """Whether there is a connection, as far as we know."""
        return self._smtp is not None

    def open(self) -> Trouble | None:
        """Connect, see to TLS, log in; nothing to do if that is done."""
        if self._smtp is not None:
            return None
        try:
            self._connect()
        except _TroubleError as error:
            self.close()
            return error.trouble
        return None

    def try_sender(self, sender: str) -> Trouble | None:
        """Ask whether we may write as *sender*, and write nothing."""
        try:
            self._ask("the sender", f"MAIL FROM:<{sender}>")
            self._ask("RSET", "RSET")
        except _TroubleError as error:
            self.close()
            return error.trouble
        return None

    def deliver(self, parcel: Parcel) -> Trouble | None:
        """Hand *parcel* over, once. The connection must be open."""
        try:
            self._deliver(parcel)
        except _TroubleError as error:
            self._recover(error.trouble)
            return error.trouble
        return None

    def close(self) -> None:
        """Drop the connection, whatever its state."""
        if self._smtp is not None:
            self._smtp.close()
            self._smtp = None

    def say_goodbye(self) -> None:
        """End the connection as the protocol asks, without waiting long."""
        if self._smtp is not None and self._smtp.sock is not None:
            self._smtp.sock.settimeout(_SAYING_GOODBYE)
            with suppress(_TroubleError):
                self._ask("QUIT", "QUIT")
        self.close()

    def _connect(self) -> None:
        server = self._server
        sock = self._dialled()
        smtp = self._smtp = smtplib.SMTP(local_hostname=self._name)
        smtp.sock = self._wrapped(sock) if server.is_tls else sock
        smtp.sock.settimeout(ANSWERING)
        self._judge("the connection", *self._heard(smtp.getreply))
        self._hello(smtp)
        if not server.is_tls and smtp.has_extn("starttls"):
            self._ask("STARTTLS", "STARTTLS")
            # What came in the clear after this answer is thrown away with `file`.
            smtp.sock, smtp.file = self._wrapped(smtp.sock), None
            self._hello(smtp)
        elif server.needs_tls and not server.is_tls:
            raise _TroubleError(
                Trouble(
                    fate=Fate.REFUSED,
                    words="the server offers no STARTTLS, and nothing is sent in the clear",
                    hint="write smtps:// if it speaks TLS from the start, or ask its operator",
                )
            )
        if server.login is not None:
            self._log_in(smtp, server.login)

    def _dialled(self) -> socket.socket:
        try:
            return self._dial((self._server.host, self._server.port), CONNECTING)
        except TimeoutError:
            words = f"no connection within {CONNECTING:g} s"
        except socket.gaierror:
            words = "its name is not known"
        except OSError as error:
            words = f"no connection ({error.strerror or 'refused'})"
        raise _TroubleError(
            Trouble(
                fate=Fate.NOT_SENT,
                words=words,
                hint="check the host and the port of the SMTP URL, and the network",
            )
        )

    def _wrapped(self, sock: socket.socket) -> ssl.SSLSocket:
        """*sock* in TLS, with the certificate verified."""
        try:
            return self._server.tls.wrap_socket(sock, server_hostname=self._server.host)
        except ssl.SSLCertVerificationError as error:
            trouble = Trouble(
                fate=Fate.REFUSED,
                words=f"its certificate cannot be verified ({_cut(error.verify_message)})",
                hint=(
                    "write the host as in the certificate, or name the file of the certificate"
                    " authority"
                ),
            )
        except OSError:
            sock.close()
            trouble = Trouble(
                fate=Fate.NOT_SENT,
                words="no TLS could be agreed on",
                hint="smtps:// is for TLS from the start (port 465), smtp:// for STARTTLS (587)",
            )
        raise _TroubleError(trouble)

    def _hello(self, smtp: smtplib.SMTP) -> None:
        self._judge("EHLO", *self._heard(smtp.ehlo))

    def _log_in(self, smtp: smtplib.SMTP, login: Login) -> None:
        """AUTH PLAIN or LOGIN (RFC 4954); smtplib's own takes no password that is not ASCII."""
        user, password = login.user.reveal(), login.password.reveal()
        ways = str(smtp.esmtp_features.get("auth", "")).upper().split()
        if "PLAIN" in ways:
            commands = [("AUTH PLAIN " + _base64(f"\0{user}\0{password}"), 2)]
        elif "LOGIN" in ways:
            commands = [("AUTH LOGIN", 3), (_base64(user), 3), (_base64(password), 2)]
        else:
            raise _TroubleError(
                Trouble(
                    fate=Fate.REFUSED,
                    words="the server offers no login with a password (AUTH PLAIN or LOGIN)",
                    hint="take user name and password out of the SMTP URL, or ask its operator",
                )
            )
        hint = "check the user name and the password of the SMTP URL"
        for command, expected in commands:
            self._ask("the login", command, expected=expected, hint=hint)

    def _deliver(self, parcel: Parcel) -> None:
        smtp = self._open_smtp()
        options = f" SIZE={len(parcel.data)}" if smtp.has_extn("size") else ""
        if parcel.is_utf8:
            if not smtp.has_extn("smtputf8"):
                raise _TroubleError(
                    Trouble(
                        fate=Fate.REFUSED,
                        words="the address is not ASCII, and the server takes no such (SMTPUTF8)",
                        hint="give an address without accents before the @",
                    )
                )
            options += " SMTPUTF8"
        smtp.command_encoding = "utf-8" if parcel.is_utf8 else "ascii"
        self._ask("the sender", f"MAIL FROM:<{parcel.sender}>{options}")
        self._ask("the recipient", f"RCPT TO:<{parcel.recipient}>")
        self._ask("the letter", "DATA", expected=3)
        self._knows_secrets = True
        try:
            # If this fails, the last bytes were not taken, and the final dot is among them.
            smtp.send(_DOTS.sub(b"..", parcel.data) + b".\r\n")
        except OSError:
            raise _TroubleError(_lost(Fate.NOT_SENT)) from None
        code, text = self._heard(smtp.getreply, otherwise=Fate.UNKNOWN)
        self._judge("the letter", code, text, otherwise=Fate.UNKNOWN)

    def _recover(self, trouble: Trouble) -> None:
        """Make the connection ready for the next letter, or drop it."""
        if trouble.fate is Fate.REFUSED:
            try:
                self._ask("RSET", "RSET")
            except _TroubleError:
                self.close()
        else:
            self.close()

    def _open_smtp(self) -> smtplib.SMTP:
        if self._smtp is None:
            raise _TroubleError(_lost(Fate.NOT_SENT))
        return self._smtp

    def _ask(
        self,
        what: str,
        command: str,
        *,
        expected: int = 2,
        hint: str = "",
    ) -> None:
        """Send *command*, which is about *what*, and have the answer judged."""
        smtp = self._open_smtp()
        code, text = self._heard(lambda: smtp.docmd(command))
        self._judge(what, code, text, expected=expected, hint=hint)

    def _heard(
        self,
        listen: Callable[[], tuple[int, bytes]],
        *,
        otherwise: Fate = Fate.NOT_SENT,
    ) -> tuple[int, bytes]:
        """What *listen* gives, or trouble that ends in the fate *otherwise*."""
        try:
            return listen()
        except OSError as error:  # smtplib's exceptions are of this kind, too
            is_late = isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError)
        raise _TroubleError(_lost(otherwise, is_late=is_late))

    def _judge(
        self,
        what: str,
        code: int,
        text: bytes,
        *,
        expected: int = 2,
        otherwise: Fate = Fate.NOT_SENT,
        hint: str = "",
    ) -> None:
        """Pass over an answer of the kind *expected* (its first digit); any other is trouble."""
        said = _meaning(code, text) if self._knows_secrets else _said(code, text)
        match code // 100:
            case kind if kind == expected:
                return
            case 4:
                fate, words = Fate.POSTPONED, f"the server put off {what}: {said}"
            case 5:
                fate, words = Fate.REFUSED, f"the server refused {what}: {said}"
            case _:
                fate = otherwise
                words = f"the server gave an answer about {what} that makes no sense"
        raise _TroubleError(Trouble(fate=fate, words=words, hint=hint))


_DOTS = re.compile(rb"^\.", re.MULTILINE)
_ENHANCED = re.compile(r"[245]\.(([0-9]{1,3})\.[0-9]{1,3})(?= |$)")

# What the last two numbers of an enhanced status code mean, or the first of them alone
# (RFC 3463 §3; 4954 §6; 7372 §3; 7505 §5).
_MEANINGS = {
    "1": "address",
    "1.1": "no such mailbox",
    "1.2": "no such mail system",
    "1.3": "the address is not written as it must be",
    "1.6": "the mailbox has moved",
    "1.7": "the sender's address cannot be used",
    "1.8": "the sender's mail system cannot be used",
    "1.10": "the domain takes no mail",
    "2": "mailbox",
    "2.1": "the mailbox takes no mail",
    "2.2": "the mailbox is full",
    "2.3": "too long for the mailbox",
    "3": "mail system",
    "3.4": "too big for the mail system",
    "4": "network or routing",
    "5": "protocol",
    "6": "content",
    "7": "security or policy",
    "7.1": "not allowed, by the rules of the server",
    "7.8": "user name or password wrong",
    "7.23": "the sender's SPF record does not allow it",
    "7.26": "the sender's domain could not be proved",
}


def _said(code: int, text: bytes) -> str:
    """The answer of the server in one short line."""
    return f"{code} {_cut(_one_line(text))}".rstrip()


def _meaning(code: int, text: bytes) -> str:
    """The codes of an answer and what they mean, without a word of the server's."""
    enhanced = _ENHANCED.match(_one_line(text))
    if enhanced is None:
        return str(code)
    meaning = _MEANINGS.get(enhanced[1]) or _MEANINGS.get(enhanced[2])
    return f"{code} {enhanced[0]}" + (f" ({meaning})" if meaning else "")


def _one_line(text: bytes) -> str:
    return " ".join(text.decode("utf-8", "replace").split())


def _cut(text: str) -> str:
    safe = shown(text)
    return safe if len(safe) <= _MAX_SHOWN else safe[: _MAX_SHOWN - 1] + "…"


def _lost(fate: Fate, *, is_late: bool = False) -> Trouble:
    words = f"no answer within {ANSWERING:g} s" if is_late else "the connection was lost"
    return Trouble(fate=fate, words=words)


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
