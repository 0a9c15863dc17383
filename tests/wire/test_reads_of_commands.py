"""The real commands: after a bad answer there is no plan, and nothing is written anywhere."""

import pytest

from mailstate.errors import ExitCode
from mailstate.sandbox import Sandbox
from tests.cli.support import Place
from tests.wire.answers import FINAL, PASSING
from tests.wire.proxy import Instead, Pass, Proxy
from tests.wire.reading import ALIASES, BROKEN, CHECK, FILES, V1, V2, A, B, World, furnish

PRUNE = ("--prune", "accesses,aliases,mailboxes")
BAD = {
    "/allows/": FINAL["JSON {}"],
    "/users/": FINAL["page"],
    "/domains/": FINAL["half of it"],
    "/token/": FINAL["error"],
    V2: FINAL["206 with the right body"],
    V2.replace(A, B): FINAL["list of 7"],
    V1: FINAL["404"],
    ALIASES: FINAL["307 elsewhere"],
    ALIASES.replace(A, B): FINAL["nothing"],
}
"""A call of each kind, and what is wrong with its answer."""


def place_before(proxy: Proxy, sandbox: Sandbox, folder) -> Place:
    """The files that fit the dimail behind *proxy*."""
    place = Place(folder, sandbox)
    place.settings["MAILSTATE_URL"] = proxy.url
    for number, text in enumerate(FILES):
        place.write(f"files/{number}.yaml", text)
    place.write(
        "mailstate.toml", 'state = "files"\nmax_removals_percent = 100\nassume_enabled = true\n'
    )
    return place


@pytest.fixture
def world(worlds) -> World:
    found: World = worlds["2026"].all
    return found


@pytest.fixture
def place(world, tmp_path) -> Place:
    return place_before(world.proxy, world.sandbox, tmp_path)


@pytest.mark.parametrize("path", BAD)
@pytest.mark.parametrize(
    "command",
    [
        ("plan", "--format", "json", *PRUNE),
        ("plan", "--out", "plan.json"),
        ("apply", "--yes", "--no-notify", "--report", "report.json", *PRUNE),
    ],
    ids=" ".join,
)
def test_there_is_no_plan_and_nothing_is_done(place, world, command, path):
    """
    Exit code 4, the call, and not a word on standard output; dimail is as it was.
    """
    world.spoil(path, BAD[path])
    ran = place.call(*command)

    assert (ExitCode.REMOTE, "") == (ran.code, ran.out)
    assert f"error: GET {path}: " in ran.err
    assert [] == world.sandbox.effects()
    assert not (place.folder / "plan.json").exists()


@pytest.mark.parametrize("path", ["/users/", V2, ALIASES])
@pytest.mark.parametrize(
    "fault", [PASSING["cut in the middle"], PASSING["500"]], ids=["cut", "500"]
)
def test_the_plan_after_trouble_that_passed_is_the_same(place, world, path, fault):
    """
    Byte for byte, removals and all.
    """
    plans = []
    for times in (0, 1):
        world.spoil(path, fault, times=times)
        plans.append(place.call("plan", "--format", "json", *PRUNE))

    assert plans[0] == plans[1]
    assert 4 == plans[0].json["summary"]["delete"]


def test_what_trouble_that_stays_looks_like(place, world):
    """
    Three times, half a second and then a second apart.
    """
    world.spoil("/allows/", PASSING["chunked, whole but for the end"])
    asked = len(world.proxy.asked)
    ran = place.call("plan", "--format", "json")

    assert (ExitCode.REMOTE, "") == (ran.code, ran.out)
    assert "GET /allows/: the answer broke off or is no HTTP" in ran.err
    assert 3 == len(world.proxy.asked) - asked


@pytest.mark.parametrize("fault", [FINAL["page"], PASSING["500"]], ids=["page", "500"])
def test_a_check_that_fails_is_told_in_the_plan(place, world, fault):
    """
    Its domain waits; the rest of the plan is the same.
    """
    world.spoil(CHECK, fault, times=0)
    whole = place.call("plan", "--format", "json", *PRUNE).json
    world.spoil(CHECK, fault)
    plan = place.call("plan", "--format", "json", *PRUNE).json

    assert whole["changes"] == plan["changes"]
    held = [one for one in plan["held"] if one["domain"] == BROKEN]
    assert {"check_failed"} == {one["reason"] for one in held}
    assert all(f"GET {CHECK}: " in one["detail"] for one in held)
    assert [one["address"] for one in whole["held"]] == [one["address"] for one in plan["held"]]


@pytest.mark.parametrize(
    "command",
    [
        ("status", "--format", "json"),
        ("snapshot", "--out", "out"),
        ("import", "--out", "out"),
        ("explain", f"mailbox/ada@{A}"),
    ],
    ids=lambda command: command[0],
)
def test_other_commands_say_nothing_either(place, world, command):
    """
    What was read by half is neither shown nor kept.
    """
    world.spoil(ALIASES, FINAL["half of it"])
    ran = place.call(*command)

    assert (ExitCode.REMOTE, "") == (ran.code, ran.out)
    assert f"GET {ALIASES}: " in ran.err
    assert not (place.folder / "out").exists()


@pytest.mark.parametrize("profile", ["2024", "2026"])
@pytest.mark.parametrize("end", ["/allows/", "/mailboxes/", "/aliases/"])
def test_a_list_that_is_empty_though_it_should_not_be_does_no_harm(tmp_path, profile, end):
    """
    Nobody can tell it from a true one: what exists is created again, which dimail refuses, and
    looked at then. Nothing is removed, changed or made twice.
    """
    with Sandbox(profile, seed=7) as sandbox:
        furnish(sandbox)
        with Proxy(sandbox.url) as proxy:
            place = place_before(proxy, sandbox, tmp_path)
            place.call("apply", "--yes", "--no-notify", *PRUNE)
            before = sandbox.effects()
            empty = Instead(200, b"[]")
            proxy.decide = lambda asked: (
                empty if asked.method == "GET" and asked.path.endswith(end) else Pass()
            )
            ran = place.call("apply", "--yes", "--no-notify", "--format", "json", *PRUNE)

            assert before == sandbox.effects()
            assert ran.json["summary"]["applied"]
