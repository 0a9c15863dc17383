"""What is written in one place and promised in another stays the same."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from mailstate.errors import ExitCode, MailstateError

ROOT = Path(__file__).parent.parent
PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
SETTINGS = tomllib.loads(PYPROJECT)
README = (ROOT / "README.md").read_text(encoding="utf-8")
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
RUN_LOCK = (ROOT / "requirements-run.lock").read_text(encoding="utf-8")
WORKFLOWS = sorted([*(ROOT / ".github").rglob("*.yml"), *(ROOT / "docs/ci").glob("github-*.yml")])
DEPENDENCIES, EXTRAS = (
    sorted(re.split(r"[^\w.-]", requirement)[0] for requirement in requirements)
    for requirements in (
        SETTINGS["project"]["dependencies"],
        [one for extra in SETTINGS["project"]["optional-dependencies"].values() for one in extra],
    )
)
PACKAGES = sorted(path.parent.name for path in (ROOT / "src/mailstate").glob("*/__init__.py"))


def section(title):
    """Give the README's section of this *title*, without its heading."""
    found = re.search(rf"^(#+) {title}\n(.*?)(?=^#{{1,2}} |\Z)", README, re.MULTILINE | re.DOTALL)
    assert found, f"the README has no section {title!r}"
    return found[2]


def errors(kind=MailstateError):
    """Give every kind of error."""
    return [error for below in kind.__subclasses__() for error in (below, *errors(below))]


def test_no_two_exit_codes_are_the_same():
    """
    A second name for a number would be an alias, not a member.
    """
    assert [code.name for code in ExitCode] == list(ExitCode.__members__)


@pytest.mark.parametrize("error", errors(), ids=lambda error: error.__name__)
def test_each_error_says_how_the_command_ends(error):
    """
    None ends with "as asked".
    """
    assert isinstance(error.exit_code, ExitCode)
    assert error.exit_code is not ExitCode.OK


@pytest.mark.parametrize("name", [*DEPENDENCIES, *EXTRAS])
def test_the_readme_says_why_each_dependency_is_there(name):
    """
    One line each, in a table or a list.
    """
    lines = re.findall(
        rf"^[|*-] *[`*\[]*{re.escape(name)}[`*\]]*[ |:(].*\w.*$",
        section("Dependencies"),
        re.MULTILINE | re.IGNORECASE,
    )

    assert len(lines) == 1, lines


@pytest.mark.parametrize("name", PACKAGES)
def test_the_readme_says_what_each_package_is_for(name):
    """
    Newcomers find the place for their change there.
    """
    assert re.search(rf"\b{name}/", README)


@pytest.mark.parametrize("name", [*DEPENDENCIES, *EXTRAS])
def test_each_dependency_is_locked(name):
    """
    What the package asks for is what the lock gives.
    """
    assert re.search(rf"^{re.escape(name)}==", LOCK, re.MULTILINE | re.IGNORECASE)


def test_the_lock_names_exact_versions_with_hashes_and_no_host():
    """
    It is the same for everyone, whatever index they use.
    """
    requirements = re.findall(r"^\w.*(?:\n +--hash.*)*", LOCK, re.MULTILINE)

    assert requirements
    for requirement in requirements:
        assert re.match(r"[\w.-]+==[^ ]+ ", requirement)
        assert "--hash=sha256:" in requirement
    assert not re.search(r"://|--(extra-)?index-url|--find-links|--trusted-host", LOCK)


def locked(lock):
    """Give the version and the hashes of each package in *lock*, by its name."""
    return {
        found[1]: (found[2], set(re.findall(r"--hash=(\S+)", found[0])))
        for found in re.finditer(r"^([\w.-]+)==(\S+).*(?:\n +--hash.*)*", lock, re.MULTILINE)
    }


def test_what_a_run_needs_is_locked_as_it_was_tested():
    """
    In a lock of its own, for actions and images, which need no tools of ours.
    """
    run, whole = locked(RUN_LOCK), locked(LOCK)

    assert set(DEPENDENCIES) <= {name.lower() for name in run}
    assert "pytest" not in run
    assert not run.keys() & {*EXTRAS}
    assert run == {name: whole[name] for name in run}
    assert not re.search(r"://|--(extra-)?index-url|--find-links|--trusted-host", RUN_LOCK)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_each_action_is_pinned_by_a_hash_that_names_its_version(path):
    """
    A tag may be moved to other code, a hash may not.
    """
    for used in re.findall(r"\buses:(.*)", path.read_text(encoding="utf-8")):
        assert re.fullmatch(r" (\./[\w./-]+|[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)", used)


def test_the_actions_of_another_forge_are_pinned_as_well():
    """
    Its own are known by the tag alone that a hash had.
    """
    used = re.findall(r"\buses: (.*)", (ROOT / "docs/ci/forgejo.yml").read_text(encoding="utf-8"))

    assert used
    for action in used:
        assert re.fullmatch(r"https://data\.forgejo\.org/[\w/-]+@[0-9a-f]{40} # v[\d.]+", action)


def test_each_action_is_pinned_to_one_hash():
    """
    No workflow is left behind.
    """
    pins = {
        pin
        for path in WORKFLOWS
        for pin in re.findall(r"\buses: ([^.@ ]+)@(.*)", path.read_text(encoding="utf-8"))
    }

    assert len({action for action, _ in pins}) == len(pins)


def test_the_oldest_python_is_the_same_everywhere():
    """
    What is promised is what is checked.
    """
    oldest = SETTINGS["project"]["requires-python"].removeprefix(">=")
    ci = (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8")

    assert SETTINGS["tool"]["ruff"]["target-version"] == "py" + oldest.replace(".", "")
    assert SETTINGS["tool"]["mypy"]["python_version"] == oldest
    assert f'python: ["{oldest}", ' in ci
    assert f"--python-version {oldest} " in LOCK


def test_each_rule_that_is_switched_off_has_its_reason():
    """
    On its line, where whoever wonders will look.
    """
    rules = re.findall(r'^ +"[A-Z]+\d*",.*$', PYPROJECT, re.MULTILINE)

    assert rules
    assert [rule for rule in rules if not re.search(r"# \w+", rule)] == []


def test_no_file_names_a_place_on_somebodys_machine():
    """
    Neither a home nor a temporary folder.
    """
    listed = subprocess.run(
        # Whoever owns the checkout: it is only listed.
        ["git", "-c", "safe.directory=*", "ls-files", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    files = [name for name in listed.split("\0") if name and not name.startswith("tests/")]
    machine = re.compile(r"(?<![\w.~*-])/(home|Users|root|tmp|work|private|var/folders)/\w")

    assert files
    for name in files:
        path = ROOT / name
        if path.is_file():
            text = path.read_text(encoding="utf-8", errors="replace")
            assert not machine.search(text), name


GUARANTEES = (ROOT / "docs/guarantees.md").read_text(encoding="utf-8")
TESTS = {
    name
    for path in (ROOT / "tests").rglob("test_*.py")
    for name in re.findall(r"def (test_\w+)\(", path.read_text(encoding="utf-8"))
}


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(test_\w+)`", GUARANTEES))))
def test_each_test_that_holds_a_guarantee_exists(name):
    """
    A promise must not outlive what holds it.
    """
    assert name in TESTS


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`(tests/[\w/.]+)`", GUARANTEES))))
def test_each_place_that_holds_a_guarantee_exists(path):
    """
    Files and folders of tests.
    """
    assert (ROOT / path).exists()


def test_each_guarantee_says_where_it_ends():
    """
    Or it would be believed too far.
    """
    titles = re.findall(r"^## (.*)$", GUARANTEES, re.MULTILINE)
    unlimited = {"Not promised", "Slow and limited servers"}

    assert [title for title in titles if title not in unlimited] == [
        title
        for title, text in re.findall(r"^## (.*)\n((?:(?!## ).*\n)*)", GUARANTEES, re.MULTILINE)
        if "**Where it ends.**" in text
    ]
