"""`mailstate plan` in the forms that a pull request needs."""

import json

import pytest

GITHUB = {
    "GITHUB_SERVER_URL": "https://forge.example",
    "GITHUB_REPOSITORY": "o/r",
    "GITHUB_SHA": "0123abc",
    "GITHUB_RUN_ID": "7",
}


def test_a_plan_is_shown_as_markdown_and_saved_as_json(place):
    """
    Standard output has the comment, `--out` what apply reads.
    """
    ran = place.call("plan", "--format", "markdown", "--out", "plan.json")

    assert (0, "") == (ran.code, ran.err)
    assert ran.out.startswith("**1 domain, 3 accesses and 2 users will be created; ")
    assert "- create `domain/commune.example`: " in ran.out
    assert "· `state/commune.yaml:2`" in ran.out
    assert "1.0" == json.loads(place.read("plan.json"))["format_version"]


def test_places_are_links_where_the_address_of_the_files_is_known(place):
    """
    In a workflow by itself, elsewhere by an option, which is heard first.
    """
    ran = place.call("plan", "--format", "markdown", env=GITHUB)
    assert "](https://forge.example/o/r/blob/0123abc/state/commune.yaml#L2)" in ran.out

    outside = {**GITHUB, "GITHUB_WORKSPACE": str(place.folder.parent)}
    ran = place.call("plan", "--format", "markdown", env=outside)
    name = place.folder.name
    assert f"](https://forge.example/o/r/blob/0123abc/{name}/state/commune.yaml#L2)" in ran.out

    elsewhere = {**GITHUB, "GITHUB_WORKSPACE": str(place.folder / "state")}
    assert "](" not in place.call("plan", "--format", "markdown", env=elsewhere).out

    base = "https://other.example/x/"
    ran = place.call("plan", "--format", "markdown", "--link-base", base, env=GITHUB)
    assert "](https://other.example/x/state/commune.yaml#L2)" in ran.out


@pytest.mark.parametrize("base", ["", "x", "javascript:alert(1)", "https://x) [y](", "https://x y"])
def test_what_is_no_address_of_files_is_refused(place, base):
    """
    Before anything is read.
    """
    ran = place.call("plan", "--link-base", base)

    assert (2, "") == (ran.code, ran.out)
    assert "--link-base is no address of files" in ran.err
