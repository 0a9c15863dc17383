"""`mailstate plan` in the forms that a pull request needs."""

import json
import subprocess

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


def test_a_plan_is_shown_as_a_page(place):
    """
    Whole, with what belongs to it.
    """
    ran = place.call("plan", "--format", "html")

    assert (0, "") == (ran.code, ran.err)
    assert ran.out.startswith("<!doctype html>")
    assert ran.out.endswith("</html>\n")
    assert "<code>domain/commune.example</code>" in ran.out


def test_a_plan_is_shown_as_annotations(place):
    """
    The runner reads standard output, whoever reads the log has the summary beside it.
    """
    ran = place.call("plan", "--format", "github")

    assert 0 == ran.code
    assert ran.out.startswith("::notice file=state/commune.yaml,line=")
    assert ran.err.startswith("Plan for http://127.0.0.1:")


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


def git(place, *arguments):
    """Run git in the folder."""
    who = ["-c", "user.name=x", "-c", "user.email=x@x.example", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", *who, *arguments], cwd=place.folder, check=True, capture_output=True)


@pytest.fixture
def repository(place):
    """A folder whose files are committed, and whose sandbox has none of it yet."""
    git(place, "init", "-q")
    git(place, "add", ".")
    git(place, "commit", "-qm", "as it is")
    return place


def causes(ran):
    """Give the causes in a plan, by the local part of mailboxes and by the whole address else."""
    entries = [*ran.json["changes"], *ran.json["held"], *ran.json["unmanaged"]]
    return {entry["address"].removeprefix("mailbox/"): entry["cause"] for entry in entries}


def test_without_a_base_no_cause_is_told(place):
    """
    The key is there all the same.
    """
    assert {None} == set(causes(place.call("plan", "--format", "json")).values())


def test_a_base_tells_what_is_asked_since_then_from_the_rest(repository):
    """
    Committed or not; the names of files and their number may have changed.
    """
    place = repository
    files = place.read("state/commune.yaml")
    place.write("state/deeper/other.yml", files.replace("Zoé", "Chloé"))
    (place.folder / "state/commune.yaml").unlink()
    ran = place.call("plan", "--base", "HEAD", "--format", "json")

    found = causes(ran)
    assert {"asked": 1, "due": 8} == {one: [*found.values()].count(one) for one in found.values()}
    assert "asked" == found["zoe@commune.example"]

    git(place, "add", ".")
    git(place, "commit", "-qm", "another")
    assert found == causes(place.call("plan", "--base", "HEAD~1", "--format", "json"))
    assert {"due"} == set(causes(place.call("plan", "--base", "HEAD", "--format", "json")).values())


def test_drift_is_what_others_have_made(repository):
    """
    The files ask what they asked before; dimail has something else.
    """
    place = repository
    place.sandbox.publish_dns("commune.example")
    assert 0 == place.call("apply", "--yes").code
    place.write("state/commune.yaml", place.read("state/commune.yaml").replace("Ada", "Ève"))
    git(place, "commit", "-qam", "a new name")
    place.call("apply", "--yes")
    git(place, "revert", "--no-edit", "HEAD")
    place.write(
        "state/commune.yaml",
        place.read("state/commune.yaml")
        + "      - {local_part: info, destinations: [zoe@commune.example]}\n",
    )
    ran = place.call("plan", "--base", "HEAD")

    assert "Asked by this pull request\n  + alias/info@commune" in ran.out
    assert "dimail has something else\n  ~ mailbox/ada@commune.example" in ran.out
    ran = place.call("plan", "--base", "HEAD", "--format", "markdown")
    assert ran.out.startswith(
        "**This pull request: 1 alias will be created; beside it 1 change against drift; "
        "nothing is removed.**"
    )


def test_a_plan_that_was_made_with_a_base_can_be_applied(repository):
    """
    Causes are for reviewers: what is carried out does not depend on them.
    """
    place = repository
    ran = place.call("plan", "--base", "HEAD", "--out", "plan.json")
    assert 0 == ran.code

    assert 0 == place.call("apply", "plan.json", "--yes").code


def test_where_there_was_no_state_all_is_asked(place):
    """
    The first pull request of a repository; files that the reader passes over do not count.
    """
    place.write("README", "x")
    place.write("state/.hidden/a.yaml", "x: [")
    place.write("state/note.txt", "x")
    git(place, "init", "-q")
    git(place, "add", "README", "state/.hidden", "state/note.txt")
    git(place, "commit", "-qm", "nothing yet")
    ran = place.call("plan", "--base", "HEAD", "--format", "json")

    assert "" == ran.err
    assert {"asked"} == set(causes(ran).values())


@pytest.mark.parametrize("is_link", [False, True])
def test_where_the_base_is_faulty_the_plan_is_made_and_says_so(place, is_link):
    """
    Otherwise no pull request could mend the files.
    """
    if is_link:
        (place.folder / "state/link.yaml").symlink_to("users.yaml")
    else:
        place.write("state/wrong.yaml", "domains: {")
    git(place, "init", "-q")
    git(place, "add", ".")
    git(place, "commit", "-qm", "wrong")
    for name in ("link", "wrong"):
        (place.folder / f"state/{name}.yaml").unlink(missing_ok=True)
    ran = place.call("plan", "--base", "HEAD", "--format", "json")

    assert 0 == ran.code
    assert "the state files have errors at HEAD: " in ran.err
    assert {None} == set(causes(ran).values())


@pytest.mark.parametrize("revision", ["nowhere", "--output=x", ""])
def test_a_base_that_is_no_revision_is_refused(repository, revision):
    """
    Before dimail is asked anything, and never taken for an option of git's.
    """
    ran = repository.call("plan", "--base", revision)

    assert (2, "") == (ran.code, ran.out)
    assert not (repository.folder / "x").exists()
