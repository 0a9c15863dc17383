"""The benchmarks measure what they say, on data that is sound; how long it takes is no test."""

import json
import subprocess

import pytest

from benchmarks import data
from benchmarks.groups import GROUPS, Scene
from benchmarks.measuring import MAILSTATE, Finding, Row, asked, environment, exponent, serving


def run(*arguments, cwd, **settings):
    """Run mailstate, which must succeed, and give what it printed."""
    done = subprocess.run(
        [MAILSTATE, *arguments],
        cwd=cwd,
        env=environment(settings),
        capture_output=True,
        check=False,
    )
    assert b"" == done.stderr
    assert 0 == done.returncode
    return done.stdout


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """Give a place for 200 mailboxes."""
    return Scene(work=tmp_path_factory.mktemp("bench"), mailboxes=200)


def test_the_made_up_files_are_sound_and_the_same_each_time(scene, tmp_path):
    """
    Not even a warning is told of them.
    """
    folder = scene.made(200)
    data.write_state(data.world(domains=4, mailboxes=50), tmp_path / "state")

    told = run("validate", cwd=folder)

    assert b"5 files, no problems: 4 domains, 5 people, 200 mailboxes, 0 aliases\n" == told
    for file in (folder / "state").iterdir():
        assert (tmp_path / "state" / file.name).read_bytes() == file.read_bytes()


def test_a_plan_is_the_same_cold_warm_and_without_extras(scene, tmp_path):
    """
    Byte for byte; and it finds the mailboxes that were changed and left out.
    """
    folder = scene.made(2_000, name="variants")  # fewer are not worth a cache
    hidden = str(scene.without_extras())
    with serving(str(folder / "live.txt")) as url:
        login = {"MAILSTATE_URL": url, "MAILSTATE_USERNAME": "bench", "MAILSTATE_PASSWORD": "x"}
        plans = [
            run("plan", "--format", "json", cwd=folder, **login, **variant)
            for variant in (
                {"MAILSTATE_CACHE": "off"},
                {"MAILSTATE_CACHE": "off", "PYTHONPATH": hidden},
                {"MAILSTATE_CACHE": str(tmp_path)},
                {"MAILSTATE_CACHE": str(tmp_path)},
            )
        ]
        counts = asked(url)

    summary = json.loads(plans[0])["summary"]
    assert {plans[0]} == set(plans)
    assert (5, 20) == (summary["create"], summary["update"])
    assert len(plans) == counts["GET /token/"] == counts["GET /users/"]
    assert any(tmp_path.iterdir())
    assert 40 * len(plans) == counts["GET /domains/*/mailboxes/"]


def test_each_edit_is_something_new(tmp_path):
    """
    Otherwise a cache that has seen the last one would answer.
    """
    made = data.world(domains=4, mailboxes=2)
    data.write_state(made, tmp_path / "state")
    seen = set()

    for _ in range(3):
        assert 1 == data.edit(tmp_path / "state", share=0.25)
        seen.add((tmp_path / "state/domains-00000.yaml").read_bytes())

    assert 3 == len(seen)
    assert b"no problems" in run("validate", cwd=tmp_path)


@pytest.mark.parametrize(
    ("ratios", "more", "verdict"),
    [
        ((0.3, 0.1, 0.19), False, "heroic"),
        ((0.4, 0.1, 0.9), False, "reached"),
        ((0.9, 0.8, 0.1), False, "missed"),
        ((0.9, 0.8, 0.1), True, "heroic"),
        ((), False, "not installed"),
    ],
)
def test_the_verdict_is_that_of_the_median_of_the_ratios(ratios, more, verdict):
    """
    Each of one round; a floor may change from round to round.
    """
    floors = [7.0, 5.0, 3.0][: len(ratios)]
    row = Row(
        what="",
        candidate="a",
        floor="b",
        reach=0.5,
        heroic=0.7 if more else 0.2,
        is_more_better=more,
    )
    figures = [ratio * floor for ratio, floor in zip(ratios, floors, strict=True)]

    assert verdict == Finding(group="", row=row, figures=figures, floors=floors).verdict


def test_the_exponent_of_what_grows_with_its_size_is_one():
    """
    And two of what grows with its square.
    """
    assert 1 == pytest.approx(exponent([(10, 3), (100, 30), (1000, 300)]))
    assert 2 == pytest.approx(exponent([(10, 1), (100, 100)]))


def test_every_group_is_named_after_what_it_measures():
    """
    As `make bench ONLY=` takes it.
    """
    assert all(group.__doc__ for group in GROUPS.values())
