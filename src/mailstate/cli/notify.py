"""`mailstate notify`: the way in for those whose letter did not reach them."""

import asyncio
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Unpack

import click

from mailstate.applying.outcome import Letter
from mailstate.cli import output
from mailstate.cli.explain import read_key
from mailstate.cli.journal import Journal
from mailstate.cli.memory import remembered
from mailstate.cli.options import state_option, target_options
from mailstate.cli.post import Greeter, Post, is_letter_due, open_post, read_post
from mailstate.cli.session import Request, TargetOptions, connected, read_desired, shown_url
from mailstate.cli.settings import state_directory
from mailstate.cli.stopping import stopped_by_signals
from mailstate.dimail.client import DimailClient
from mailstate.errors import ExitCode, SettingsError, UsageError
from mailstate.model.resources import Key, Mailbox
from mailstate.model.state import DesiredState
from mailstate.reporting.paint import counted, visible
from mailstate.reporting.report import letter_line


@click.command("notify")
@click.argument("addresses", metavar="[ADDRESS]...", nargs=-1)
@click.option(
    "--journal",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="All to whom, as far as this journal of apply tells, a letter is still due.",
)
@click.option(
    "--settled",
    is_flag=True,
    help="Send nothing: note in the journal that these holders were let in another way.",
)
@state_option
@target_options
def command(
    addresses: tuple[str, ...],
    journal: Path | None,
    settled: bool,  # noqa: FBT001 - click gives it by name
    **options: Unpack[TargetOptions],
) -> int:
    """
    Send the holders of mailboxes a fresh way in: a login link, or else a new password.

    ADDRESS is a mailbox of the state files that dimail has, with a secondary address. A new
    password replaces the one that its holder may have by now. Where dimail has no call for
    either (2024), its operator can help; --settled then ends what the journal owes.
    """
    if not settled and not addresses and journal is None:
        raise UsageError("nobody is named", hint="name mailboxes, or give --journal FILE")
    if settled and not (addresses and journal):
        raise UsageError(
            "--settled is about mailboxes that a journal owes a letter",
            hint="name them, and give --journal FILE",
        )
    keys = [
        *dict.fromkeys(
            read_key(f"mailbox/{address.removeprefix('mailbox/')}") for address in addresses
        )
    ]
    if settled and journal:
        return _settle(keys, journal)
    return asyncio.run(_notify(Request(**options), keys, journal))


def _settle(keys: Sequence[Key], path: Path) -> int:
    """Note that nothing is due any more for *keys*, on whichever dimail it was."""
    with closing(Journal(path)) as journal:
        memories = remembered(path)
        for key in keys:
            owing = [name for name, memory in memories.items() if key in memory.unwelcomed]
            for target in owing:
                journal.settled(key, target=target)
            word = "settled" if owing else "nothing was due for"
            output.write(f"{word} {visible(key)}\n")
    return ExitCode.OK


async def _notify(request: Request, keys: Sequence[Key], path: Path | None) -> int:
    settings = request.settings()
    desired = read_desired(state_directory(settings, request.state))
    mailboxes = _mailboxes(keys, desired)
    memories = remembered(path) if path else {}
    if not (mailboxes or any(memory.unwelcomed for memory in memories.values())):
        return _nobody()
    target = request.remote(settings)
    for name, memory in memories.items():
        if name == shown_url(target.url):
            mailboxes += _due(memory.unwelcomed, desired, besides=keys)
        elif memory.unwelcomed:
            due = counted(len(memory.unwelcomed), "letter is", "letters are")
            output.say(f"note: {due} due for mailboxes on another dimail, {visible(name)}")
    if not mailboxes:
        return _nobody()
    post = read_post(settings, desired, sandbox_url=target.smtp_url)
    if post is None:
        raise SettingsError("no mail server is configured", hint="set MAILSTATE_SMTP_URL")
    with ExitStack() as stack:
        journal = stack.enter_context(closing(Journal(path))) if path else None
        async with connected(target) as client:
            return await _send(mailboxes, client, post, journal)


def _nobody() -> int:
    output.write("Everybody has got the letter that was due\n")
    return ExitCode.OK


async def _send(
    mailboxes: Sequence[Mailbox], client: DimailClient, post: Post, journal: Journal | None
) -> int:
    code, stop = ExitCode.OK, asyncio.Event()
    async with open_post(post, client, tries_it=True) as counter:
        if counter is None:
            raise SettingsError("letters are switched off", hint="see `mode` under [notify]")
        # Cut short, a letter might be sent and not noted down, or a password set and not sent.
        with stopped_by_signals(stop):
            for mailbox in mailboxes:
                if stop.is_set():
                    break
                letter = await _letter(mailbox, client, counter.greeter)
                if not letter.is_delivered:
                    code = ExitCode.CHANGE_FAILED
                if journal:
                    target = shown_url(client.url)
                    journal.notified(mailbox.key, target=target, is_delivered=letter.is_delivered)
                _tell(mailbox, letter)
    return ExitCode.INTERRUPTED if stop.is_set() else code


async def _letter(mailbox: Mailbox, client: DimailClient, greeter: Greeter) -> Letter:
    """The letter for *mailbox*, if dimail has it."""
    found = await client.find(mailbox)
    to = mailbox.secondary_email or ""
    if found is None or found.half_made:
        detail = "dimail does not have this mailbox, or half of it only"
        return Letter(to=to, is_delivered=False, detail=detail, hint="apply first")
    letter = await greeter.welcome(mailbox, None)
    detail = "the files give no secondary address for it, or it is not active"
    return letter or Letter(to=to, is_delivered=False, detail=detail)


def _declared(desired: DesiredState) -> Mapping[Key, Mailbox]:
    return {
        key: mailbox
        for domain in desired.domains.values()
        for key, mailbox in domain.mailboxes.items()
    }


def _due(
    keys: Sequence[Key], desired: DesiredState, *, besides: Sequence[Key]
) -> Iterator[Mailbox]:
    """Those of *keys* that the files still have, with a holder who waits for a letter."""
    declared = _declared(desired)
    for key in keys:
        mailbox = declared.get(key)
        if mailbox is None:
            output.say(f"note: {visible(key)} is in no file any more, and so gets no letter")
        elif key not in besides and is_letter_due(mailbox):
            yield mailbox


def _mailboxes(keys: Sequence[Key], desired: DesiredState) -> list[Mailbox]:
    """The declared mailboxes of *keys*. Raises `UsageError` for what no file declares."""
    declared = _declared(desired)
    unknown = [key for key in keys if key not in declared]
    if unknown:
        raise UsageError(
            f"no file declares {', '.join(map(visible, unknown))}",
            hint="only the files know where to send the letter for a mailbox",
        )
    return [declared[key] for key in keys]


def _tell(mailbox: Mailbox, letter: Letter) -> None:
    lines = [letter_line(mailbox.key, letter, output.painter(sys.stdout))]
    if letter.hint:
        lines.append(f"          {visible(letter.hint)}")
    output.write_if_possible("\n".join(lines) + "\n", sys.stdout)
