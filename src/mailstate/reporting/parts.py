"""
Which documents are all the shards of one run, and which are not.

Parts of different runs would make a plan that nobody can carry out, and a report of what nobody
has done: they are refused, with the file that does not fit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NoReturn

from mailstate import __version__
from mailstate.errors import SettingsError
from mailstate.reporting.approved import policy_difference
from mailstate.reporting.paint import visible
from mailstate.reporting.plan_json import FORMAT_VERSION, Json
from mailstate.reporting.saved import read_saved

_MADE_BY = {
    "plan": "`mailstate plan --shard I/N --out FILE`",
    "report": "`mailstate apply --shard I/N --report FILE`",
}
_VERSIONS = {"tool_version": __version__, "format_version": FORMAT_VERSION}
_SAME_FILES = "make all of them anew, from the same commit"
_SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one shard has written, and the name of its file; it is shard *which* of *of*."""

    name: str
    document: Json
    which: int
    of: int


def read_parts(texts: Sequence[tuple[str, str]], *, what: str) -> list[Part]:
    """
    The documents in *texts* (name and content), each of which is a *what*: plan or report.

    In the order of the shards, whatever the order of *texts*. Raises `SettingsError` if one of
    them is unsound, or if they are not all the shards of one run.
    """
    hint = f"give the {what} of each shard, as {_MADE_BY[what]} writes it"
    read = [
        _part(name, read_saved(text, name=name, what=what, hint=hint), what, hint)
        for name, text in texts
    ]
    for part in read:
        _check_like(read[0], part)
    parts = _each_once(read, hint)
    _check_domains(parts)
    return parts


def selection_of(parts: Sequence[Part]) -> Json | None:
    """What the run of all *parts* has looked at, as its document says it."""
    one = parts[0].document["selection"]
    if not one["only"] and one["changed_since"] is None:
        return None
    return {**one, "shard": None, "domains": _looked_at(parts)}


def _refuse(message: str, hint: str) -> NoReturn:
    raise SettingsError(message, hint=hint)


def _part(name: str, document: Json, what: str, hint: str) -> Part:
    for key, ours in _VERSIONS.items():
        if document[key] != ours:
            theirs = visible(document[key])
            message = f"{name} has the {key.replace('_', ' ')} {theirs}, and this one is {ours}"
            _refuse(message, "make all of them, and merge them, with one version of mailstate")
    shard = (document["selection"] or {}).get("shard")
    if shard is None:
        _refuse(f"{name} is the {what} of no shard", hint)
    which, _, of = shard.partition("/")
    is_one = all(number.isascii() and number.isdecimal() for number in (which, of))
    if not is_one or not 1 <= int(which) <= int(of):
        _refuse(f"{name} is of a shard that cannot be: {visible(shard)}", hint)
    return Part(name=name, document=document, which=int(which), of=int(of))


def _check_like(first: Part, part: Part) -> None:
    """See that *part* is of the run that the *first* one is of."""
    one, other = first.document, part.document
    if one["target"] != other["target"]:
        there, here = visible(one["target"]), visible(other["target"])
        _refuse(f"{part.name} is for {here}, and {first.name} for {there}", "give those of one run")
    if one["policy"] != other["policy"]:
        said = visible(policy_difference(one["policy"], other["policy"]))
        message = f"{part.name} was made with another policy than {first.name}: {said}"
        _refuse(message, "make all of them anew, with the same settings and options")
    if first.of != part.of:
        message = (
            f"{part.name} is shard {part.which}/{part.of}, and {first.name} shard "
            f"{first.which}/{first.of}"
        )
        _refuse(message, "give those of one run")
    for key in ("only", "changed_since"):
        if one["selection"][key] != other["selection"][key]:
            message = (
                f"{part.name} was made with another --{key.replace('_', '-')} than {first.name}"
            )
            _refuse(message, "make all of them anew, with the same settings and options")
    there, here = one["selection"]["declared"], other["selection"]["declared"]
    if there != here:
        message = f"the files of {part.name} declare {here} domains, those of {first.name} {there}"
        _refuse(message, _SAME_FILES)


def _each_once(parts: Sequence[Part], hint: str) -> list[Part]:
    """*parts* in the order of their shards, if each shard is there once."""
    found: dict[int, Part] = {}
    for part in parts:
        if (other := found.setdefault(part.which, part)) is not part:
            message = f"shard {part.which}/{part.of} comes twice: {other.name} and {part.name}"
            _refuse(message, hint)
    of = parts[0].of
    if left := of - len(found):
        missing = (f"{which}/{of}" for which in range(1, of + 1) if which not in found)
        more = f" and {left - _SHOWN} more" if left > _SHOWN else ""
        noun = "this shard is" if left == 1 else "these shards are"
        _refuse(f"{noun} missing: {', '.join(islice(missing, _SHOWN))}{more}", hint)
    return [found[which] for which in sorted(found)]


def _check_domains(parts: Sequence[Part]) -> None:
    """See that no domain has got lost between files that are not the same."""
    declared = parts[0].document["selection"]["declared"]
    if selection_of(parts) is None and _looked_at(parts) != declared:
        message = f"the shards have looked at {_looked_at(parts)} domains, and {declared} are there"
        _refuse(f"{message}: they were not made of the same files", _SAME_FILES)


def _looked_at(parts: Sequence[Part]) -> int:
    return sum(part.document["selection"]["domains"] for part in parts)
