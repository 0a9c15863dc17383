"""
What must be true after each run and at the end, whatever happened: the promises, checked.

The witnesses are the server's own log of what it did, its store, the outbox, the bytes that
passed the proxy and the files of the working directory; nothing here asks mailstate.
"""

import signal
from base64 import b64encode
from collections.abc import Collection, Iterator
from urllib.parse import quote

from mailstate.errors import ExitCode
from mailstate.sandbox.effects import Effect
from mailstate.sandbox.passwords import matches
from tests.chaos.ear import is_there
from tests.chaos.stage import JOURNAL, Act, Stage
from tests.chaos.witness import Told, delivered, read
from tests.chaos.world import PEOPLE, Role

ENDS = {
    ExitCode.OK,
    ExitCode.CHANGE_FAILED,
    ExitCode.REMOTE,
    ExitCode.INTERRUPTED,
    ExitCode.REFUSED,
    -signal.SIGKILL,
}
"""How a run with all its files in place may end."""

_GIVEN = "given to the creator"
_WAYS_IN = ("code", "password")


def address_of(effect: Effect) -> str:
    """What plans and journals call that which *effect* concerns."""
    return f"{'access' if effect.kind == 'allow' else effect.kind}/{effect.object}"


def check(stage: Stage, act: Act, *, ends: Collection[int] = ENDS) -> None:
    """All that must be true after *act*, the last run on *stage* so far."""
    told = read(stage.folder / JOURNAL)
    check_end(act, ends)
    check_effects(stage)
    if len(told) > stage.journal_runs:
        check_journal(stage, act, told[-1])
    check_letters(stage, act)
    check_secrets(stage)
    stage.journal_runs = len(told)


def check_end(act: Act, ends: Collection[int]) -> None:
    """It ended as runs may end, without a traceback, and accounts for everything."""
    ran = act.ran
    assert ran.code in ends, (ran.code, ran.err)
    assert "Traceback" not in ran.err, ran.err
    if act.report is not None:
        counts = act.report["summary"]
        parts = ("applied", "failed", "skipped", "held", "not_begun")
        assert counts["planned"] == sum(counts[part] for part in parts), counts
        assert counts["planned"] == len(act.report["outcomes"])


def check_effects(stage: Stage) -> None:
    """Nothing twice, nothing too soon, nothing removed that was not to be."""
    own = stage.sandbox.username
    needless = {one for one in stage.proxy.needless if not one.endswith(f"/{own}")}
    # Dimail gives the creator of a domain an access by itself, which is asked for all the same.
    assert not needless, f"asked for, though it was there to be found: {needless}"
    closed = {one.name for one in stage.world.communes if one.role is Role.CLOSED}
    wanted = stage.world.wanted()
    made: dict[str, int] = {}
    for effect in stage.sandbox.effects():
        what = f"{effect.kind}/{effect.object}"
        assert _domain_of(effect) not in closed, f"on a disabled domain: {effect}"
        if effect.action == "delete":
            assert stage.world.prunes, f"nothing was to be removed: {effect}"
            assert what not in wanted, f"the files want it: {effect}"
        if effect.action != "create":
            continue
        if effect.kind in {"mailbox", "alias"} and stage.world.profile != "2024":
            assert effect.domain_state == "ok", f"its domain was not enabled: {effect}"
        before = made.get(what)
        if before is not None:
            removals = stage.removed.get(what, [])
            assert any(before <= one < effect.number for one in removals), f"made twice: {effect}"
        made[what] = effect.number


def _domain_of(effect: Effect) -> str:
    match effect.kind:
        case "mailbox" | "alias":
            return effect.object.partition("/")[0].rpartition("@")[2]
        case _:
            return effect.object.partition("/")[0]


def check_journal(stage: Stage, act: Act, told: Told) -> None:
    """The journal agrees with what the server did, and says of everything what became of it."""
    for effect in act.effects:
        is_ours = effect.detail != _GIVEN and not effect.detail.startswith("fix ")
        if is_ours and effect.detail not in _WAYS_IN:
            address = address_of(effect)
            assert address in told.begun, f"never begun: {effect}"
    for address, event in told.ended.items():
        if event["outcome"] == "applied" and address in told.begun:
            found = is_there(stage.sandbox.store, address)
            assert found == (told.begun[address] != "delete"), f"told as applied: {address}"
        if event["outcome"] == "failed" and not event["unknown"]:
            check_failed(stage, act, told, address)
    assert {*told.begun} <= {*told.planned}
    if act.is_cut_off:
        return
    assert not told.open, f"begun, and no word of the end: {told.open}"
    assert told.has_finished
    assert act.report
    for entry in act.report["outcomes"]:
        ended = told.ended.get(entry["address"], {"outcome": "not_begun"})
        assert ended["outcome"] == entry["outcome"], entry


def check_failed(stage: Stage, act: Act, told: Told, address: str) -> None:
    """What has failed, and is not unknown, was not made and will not be."""
    outcomes = (act.report or {"outcomes": ()})["outcomes"]
    details = [entry["detail"] for entry in outcomes if entry["address"] == address]
    # A mailbox may be made and not yet as asked: the report has it.
    is_half_way = details[0].startswith("created, but") if details else "mailbox/" in address
    is_ours = address.endswith(f"/{stage.sandbox.username}")  # given to the creator of a domain
    if told.begun.get(address) == "create" and not (is_half_way or is_ours):
        assert not is_there(stage.sandbox.store, address), f"told as failed: {address} {details}"


def check_letters(stage: Stage, act: Act) -> None:
    """
    Nobody gets two letters but where a kill or a lost answer came between one and its record.

    In one run at most one letter is taken for a mailbox; once the journal says `delivered`, no
    other follows; what was taken in a run that was neither cut off nor kept in the dark is told.
    """
    told = delivered(read(stage.folder / JOURNAL))
    before, stage.delivered = stage.delivered, frozenset(told)
    now = stage.delivered - before
    for address, holder in stage.world.holders().items():
        taken = sum(holder in letter.recipients for letter in act.letters)
        mailbox = f"mailbox/{address}"
        assert taken <= 1, f"{taken} letters for {address} in one run"
        if mailbox in before:
            assert not taken, f"another letter for {address}, who has one"
            assert told[mailbox] == 1, f"told twice: {address}"
        if mailbox in now:
            assert taken, f"told as delivered, and was not: {address}"
        if taken and not act.is_cut_off and holder not in act.untold:
            assert mailbox in now, f"delivered, and not told: {address}"


def check_ways_in(stage: Stage) -> None:
    """
    In the end whoever has a new mailbox with a secondary address has a way in that works.

    Dimail of 2024 gives a password once: where its answer was lost, the journal says that the
    letter is due, and only the operator can help.
    """
    told = read(stage.folder / JOURNAL)
    made = {
        effect.object
        for effect in stage.sandbox.effects()
        if (effect.action, effect.kind, effect.detail) == ("create", "mailbox", "")
    }
    keys = list(stage.passwords())
    for address, holder in stage.world.holders().items():
        letters = [one for one in stage.sandbox.outbox() if holder in one.recipients]
        if address not in made:
            assert not letters, f"a letter for {address}, which nobody has made"
            continue
        if stage.world.profile != "2026" and f"mailbox/{address}" not in delivered(told):
            words = [word for run in told for word in run.letters.get(f"mailbox/{address}", [])]
            assert words[-1:] == ["undelivered"], f"nobody knows that {address} has no way in"
            continue
        assert letters, f"no letter for {address}"
        text = letters[-1].text or ""
        opens = [key for one, key in keys if one == address and key in text]
        assert opens, f"no way in for {address} in its letter"
        local_part, _, domain = address.rpartition("@")
        row = stage.sandbox.store.mail.mailbox(domain, local_part)
        assert row
        codes = {heard["code"] for heard in stage.proxy.heard if "code" in heard}
        assert any(key in codes or matches(key, row.password) for key in opens), address


def check_secrets(stage: Stage) -> None:
    """No secret in any file, and each way in only in the letters to its holder."""
    opening = list(stage.passwords())
    secrets = {key for _, key in opening} | {*stage.other_secrets()}
    needles = [form for secret in secrets for form in _forms(secret)]
    for path in stage.folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert not any(needle in data for needle in needles), f"a secret is in {path.name}"
    holders = stage.world.holders()
    others = {*stage.other_secrets()}
    for letter in stage.sandbox.outbox():
        seen = letter.raw.decode("utf-8", "replace") + (letter.text or "") + (letter.html or "")
        assert not any(secret in seen for secret in others), "a letter tells a secret of ours"
        for address, key in opening:
            if key in seen:
                assert [holders.get(address)] == [*letter.recipients], f"{address}: wrong hands"


def _forms(secret: str) -> Iterator[bytes]:
    """*secret* as it is, percent-encoded, and as it looks within a longer text in base64."""
    data = secret.encode()
    yield data
    yield quote(secret, safe="").encode()
    for shift in range(3):
        encoded = b64encode(bytes(shift) + data).rstrip(b"=")
        # Characters at both ends depend on the neighbours.
        yield encoded[(0, 2, 3)[shift] : -1]


def check_converged(stage: Stage, *, is_published: bool) -> None:
    """The server holds what the files ask, and the plan says so."""
    faults = stage.world.faults_of(stage.sandbox, is_published=is_published)
    assert not faults, faults
    planned = stage.call("plan", "--format", "json", "--detailed-exitcode")
    communes = stage.world.communes
    if any(one.role is Role.CLOSED for one in communes):
        expected = ExitCode.REFUSED
    elif all(stage.world.opens(one, is_published=is_published) for one in communes):
        expected = ExitCode.OK
    else:
        expected = ExitCode.WAITING
    assert planned.code == expected, (planned.code, planned.err or planned.json["summary"])
    assert not planned.json["changes"], planned.json["changes"]
    users = {user.name for user in stage.sandbox.store.api.users()}
    managers = {
        PEOPLE[name]
        for one in stage.world.communes
        if one.role is not Role.CLOSED
        for name in (*one.owners, *one.administrators)
    }
    assert managers <= users
