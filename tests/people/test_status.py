"""`mailstate status`: how far each domain is, and records that name servers take as they are."""

import re

import pytest
import yaml

from mailstate.errors import ExitCode
from mailstate.sandbox import PROFILES
from tests.people.support import EXTERNAL, INTERNAL, D, a_domain, box


def rows(place, *options):
    """What `status` says of each domain, as JSON."""
    ran = place.call("status", "--format", "json", *options)

    assert (ExitCode.OK, "") == (ran.code, ran.err)
    return {row["domain"]: row for row in ran.json["domains"]}


def standings(place, *options):
    return {name: row["standing"] for name, row in rows(place, *options).items()}


@pytest.fixture
def each(place):
    """A domain of each standing."""
    names = ["disabled", "enabled", "failed", "missing", "new", "odd", "unchecked"]
    domains = [a_domain(f"{name}.example", box("ada", secondary=None)) for name in names]
    place.declare(*domains)
    place.apply()
    place.declare(a_domain("absent.example", box("ada"), box("bob")))
    place.declare(a_domain("disabled.example", box("ada", secondary=None), disabled=True))
    for name in ("enabled", "failed"):
        place.sandbox.publish_dns(f"{name}.example")
    place.sandbox.set_internal("failed.example", "cert", ok=False, fixable=False)
    place.checks_answer("new.example", "new", mx=(EXTERNAL, False))
    place.checks_answer("odd.example", "frozen", mx=(EXTERNAL, False), cert=(INTERNAL, True))
    place.sandbox.add_fault(kind="500_before", path="/domains/unchecked.example/check", times=None)
    place.forget()
    return place


def test_each_standing(each):
    """
    One word for each domain, and nothing is changed: no call of `fix` either.
    """
    assert {
        "absent.example": "absent",
        "disabled.example": "disabled",
        "enabled.example": "enabled",
        "failed.example": "failed",
        "missing.example": "action_required",
        "new.example": "pending",
        "odd.example": "unknown",
        "unchecked.example": "unknown",
    } == standings(each)
    assert ([], []) == (each.sent(), each.asked(path=".*/fix/"))


def test_each_standing_for_people(each):
    """
    A line for each, how much is held, who must act, and why.
    """
    out = each.call("status").out
    lines = out.splitlines()

    assert "absent.example     absent           0 mailboxes, 2 held" in lines
    assert "disabled.example   disabled         0 mailboxes" in lines
    assert "enabled.example    enabled          0 mailboxes" in lines
    assert "new.example        pending          0 mailboxes, 1 held" in lines
    assert "  - there is no certificate yet" in lines
    assert "the operator of dimail must act" in out
    assert "an owner of the domain must act" in out
    assert "  - the domain is not in the DNS" in lines
    assert "    missing.example. MX 10 mx.ox.numerique.gouv.fr." in lines


def test_some_domains(each):
    """
    Those that are named, without case; a name that no file has is a mistake: exit code 2.
    """
    assert {"new.example": "pending"} == standings(each, "New.example")
    assert {"new.example": "pending"} == standings(each, "--only", "n*")
    ran = each.call("status", "news.example")

    assert ExitCode.USAGE == ran.code
    assert "no file declares news.example" in ran.err


@pytest.mark.parametrize("profile", PROFILES)
def test_each_version(place_of, profile):
    """
    A server of 2024 tells no states: the settings decide.
    """
    place = place_of(profile)
    place.declare(a_domain(D, box("ada", secondary=None)))
    place.apply()
    untold = profile == "2024"

    assert {D: "enabled" if untold else "action_required"} == standings(place)

    place.assume = ""
    place.set()

    assert {D: "unknown" if untold else "action_required"} == standings(place)


ZONE_LINE = re.compile(r"(\S+)\. (MX 10|CNAME|TXT) (.+)")


def published_from_bind(place):
    """Publish what the BIND view says."""
    for line in place.call("status", "--format", "bind").out.splitlines():
        if line.startswith(";"):
            continue
        found = ZONE_LINE.fullmatch(line)
        assert found, line
        name, kind, value = found.groups()
        text = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', value)) if kind == "TXT" else value
        place.sandbox.set_record(name, kind.split()[0].lower(), text)


def published_from_octodns(place):
    """Publish what the octoDNS view says."""
    out = place.call("status", "--format", "octodns").out
    names = re.findall(r"(?m)^# (\S+)\.yaml$", out)
    zones = [*yaml.safe_load_all(out)]
    assert len(names) == len(zones)
    for zone_name, zone in zip(names, zones, strict=True):
        for target, records in zone.items():
            for record in records:
                value = record["value"] if "value" in record else record["values"][0]["exchange"]
                name = f"{target}.{zone_name}" if target else zone_name
                kind = record["type"].lower()
                place.sandbox.set_record(name, kind, value.replace("\\;", ";"))


def published_from_json(place):
    """Publish what the JSON says."""
    for name, row in rows(place).items():
        for record in row["records"]:
            full = f"{record['target']}.{name}" if record["target"] else name
            place.sandbox.set_record(full, record["type"], record["value"])


@pytest.mark.parametrize(
    "publish", [published_from_bind, published_from_octodns, published_from_json]
)
def test_whoever_publishes_these_records_is_done(place, publish):
    """
    What each view says is all that the domains still need, also where some records are there.
    """
    names = ("a.example", "b.example", "c.example")
    place.declare(*(a_domain(name, box("ada", secondary=None)) for name in names[:2]))
    place.declare(a_domain("c.example", features=["mailbox", "alias"]))
    place.apply()
    place.sandbox.publish_dns("b.example")
    place.sandbox.remove_record("b.example", "mx")
    place.sandbox.remove_record("webmail.b.example")

    publish(place)

    assert dict.fromkeys(names, "enabled") == standings(place)
    for format in ("bind", "octodns"):
        assert "" == place.call("status", "--format", format).out


def test_the_key_that_no_server_told_is_a_comment(place_of):
    """
    Where there is no `/spec/`, all records but the DKIM key are known from the checks.
    """
    place = place_of("2024-check")
    place.declare(a_domain(D, box("ada", secondary=None)))
    place.apply()
    lines = place.call("status", "--format", "bind").out.splitlines()

    key = "(the key that dimail gives for the domain)"

    assert [f"; {D}", f"; dimail._domainkey.{D}. TXT {key}"] == [
        line for line in lines if line.startswith(";")
    ]

    published_from_bind(place)
    [row] = rows(place).values()

    assert ["dkim"] == [check["name"] for check in row["checks"]]


def test_records_though_dimail_tells_none(place):
    """
    A `/spec/` that goes wrong costs that domain its key, and nobody the whole view.
    """
    place.declare(a_domain(D), a_domain("b.example"))
    place.apply()
    place.sandbox.add_fault(kind="500_before", path=f"/domains/{D}/spec/", times=None)
    found = rows(place)

    assert 6 == len(found[D]["records"]) == len(found["b.example"]["records"])
    assert ["v=DKIM1"] == [
        record["value"][:7]
        for record in found["b.example"]["records"]
        if "_domainkey" in record["target"]
    ]
