"""A part of the domains: which, at what cost, and that the plan says so."""

import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from mailstate.errors import ExitCode
from mailstate.sandbox import Sandbox
from tests.people.support import ALICE, BOB, Communes, D, a_domain, addresses, box, said

MANY = [f"d{number:02}.example" for number in range(50)]
AT_MOST = 8


def git(place, *arguments):
    """Run git in the folder, as nobody in particular."""
    told = ["-c", "user.name=t", "-c", "user.email=t@t.example", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *told, *arguments], cwd=place.folder, check=True, capture_output=True)


def contents(sandbox):
    """All that a dimail holds and that the files ask for."""
    store = sandbox.store
    names = [domain.name for domain in store.api.domains()]
    return {
        "users": {user.name for user in store.api.users()},
        "allows": {*store.api.allows()},
        "contexts": {(name, store.ox.context_of(name)) for name in names},
        "mailboxes": {row.email for name in names for row in store.mail.mailboxes(name)},
        "aliases": {row for name in names for row in store.mail.aliases(name)},
    }


@pytest.fixture(scope="module")
def settled(tmp_path_factory):
    """Fifty domains, applied and committed."""
    with Sandbox(seed=7) as sandbox:
        place = Communes(tmp_path_factory.mktemp("many"), sandbox)
        place.settings["MAILSTATE_SMTP_URL"] = "smtp://127.0.0.1:1"
        place.enable(*(a_domain(name, box("ada", secondary=None)) for name in MANY))
        git(place, "init", "-q")
        git(place, "add", ".")
        git(place, "commit", "-qm", "as it is")
        yield place


@pytest.fixture
def many(settled):
    """The same, its files back as they were committed."""
    yield settled
    git(settled, "checkout", "-q", "HEAD", "--", ".")
    git(settled, "clean", "-qfd")


def looked_at(place):
    """The domains of which something was read since `forget`."""
    paths = (path for _, path in place.asked(path=".*/domains/.+"))
    return {path.split("/domains/")[1].split("/")[0] for path in paths}


@pytest.mark.parametrize("name", [MANY[7], MANY[31]])
def test_only_one_domain_of_many(many, name):
    """
    At most eight calls, none about another domain; text and JSON say that it is a part.
    """
    many.forget()
    planned = many.plan("--only", name)

    assert {name} == looked_at(many)
    assert AT_MOST >= len(many.asked())
    assert {
        "only": [name],
        "changed_since": None,
        "shard": None,
        "domains": 1,
        "declared": 50,
    } == planned["selection"]
    assert " (1 of 50 domains, no look at the others): " in many.call("plan", "--only", name).out


def test_only_with_patterns(many):
    """
    Several, with stars, without case; one that fits nothing is a mistake: exit code 2.
    """
    many.forget()
    many.plan("--only", "D0*.example", "--only", MANY[10])

    assert {*MANY[:11]} == looked_at(many)
    ran = many.call("plan", "--only", "d0*", "--only", "d99.example")

    assert ExitCode.USAGE == ran.code
    assert "--only d99.example: no declared domain fits" in ran.err


@pytest.mark.parametrize("is_committed", [False, True])
def test_changed_since_with_one_domain_changed(many, is_committed):
    """
    One touched domain of 50 costs at most eight calls to plan, and is applied.
    """
    name = MANY[3]
    many.declare(a_domain(name, box("ada", secondary=None), aliases=[]))
    if is_committed:
        git(many, "commit", "-qam", "touched")
    since = "HEAD~1" if is_committed else "HEAD"
    many.forget()
    planned = many.plan("--changed-since", since)

    assert {name} == looked_at(many)
    assert AT_MOST >= len(many.asked())
    assert (since, 1) == (
        planned["selection"]["changed_since"],
        planned["selection"]["domains"],
    )
    if is_committed:
        git(many, "reset", "-q", "--hard", "HEAD~1")


def test_changed_since_applies_what_was_added(many):
    """
    A new mailbox, in a file that git does not know yet.
    """
    many.sandbox.publish_dns("new.example")
    many.declare(a_domain("new.example", box("ada", secondary=None)))
    many.forget()
    report = many.apply("--changed-since", "HEAD")

    assert {"new.example"} == looked_at(many) - {""}
    assert report["summary"]["planned"] == report["summary"]["applied"] == 4
    assert "ada@new.example" in many.made()
    many.sandbox.store.remove_domain("new.example")


def test_changed_since_with_nothing_changed(many):
    """
    No domain is looked at, and the plan says so.
    """
    many.forget()
    ran = many.call("plan", "--changed-since", "HEAD", "--detailed-exitcode")

    assert ExitCode.OK == ran.code
    assert set() == looked_at(many) - {min(MANY)}
    assert "(0 of 50 domains, no look at the others)" in ran.out


def test_changed_since_with_the_users_changed(many):
    """
    Whose domains are those of the people in that file: here all.
    """
    users = many.read("state/users.yaml")
    many.write("state/users.yaml", users + "  # a word\n")

    assert 50 == many.plan("--changed-since", "HEAD")["selection"]["domains"]

    many.write("state/users.yaml", f"users:\n  - {{name: alice.martin, uuid: {ALICE}}}\n")
    many.write("state/others.yaml", f"users:\n  - {{name: bob.durand, uuid: {BOB}}}\n")
    many.declare(a_domain(MANY[5], owners=["bob.durand"]))
    git(many, "add", ".")
    git(many, "commit", "-qm", "people apart")
    many.write("state/others.yaml", many.read("state/others.yaml") + "  # a word\n")
    planned = many.plan("--changed-since", "HEAD")

    assert 1 == planned["selection"]["domains"]
    git(many, "reset", "-q", "--hard", "HEAD~1")


def test_changed_since_with_the_settings_changed(many):
    """
    They concern every domain.
    """
    many.set("max_removals = 3\n")

    assert 50 == many.plan("--changed-since", "HEAD")["selection"]["domains"]


def test_changed_since_a_revision_that_is_not_there(many, tmp_path):
    """
    Exit code 2, also where there is no repository, and never an option of git's.
    """
    for revision in ("nowhere", "--output=x", ""):
        ran = many.call("plan", "--changed-since", revision)

        assert ExitCode.USAGE == ran.code, said(ran)
    place = Communes(tmp_path, many.sandbox)
    place.declare(a_domain())
    ran = place.call("plan", "--changed-since", "HEAD", env={"GIT_CEILING_DIRECTORIES": "/"})

    assert ExitCode.USAGE == ran.code
    assert "not a git repository" in ran.err


def test_changed_since_within_a_larger_repository(many, tmp_path):
    """
    The folder may be somewhere in a repository, and the state files somewhere in the folder.
    """
    (tmp_path / "a b/é").mkdir(parents=True)
    place = Communes(tmp_path / "a b/é", many.sandbox)
    place.declare(a_domain(MANY[1], box("ada", secondary=None)))
    place.declare(a_domain(MANY[2], box("ada", secondary=None)))
    git(place, "init", "-q", str(tmp_path))
    git(place, "add", ".")
    git(place, "commit", "-qm", "as it is")
    place.write(f"state/{MANY[2]}.yaml", place.read(f"state/{MANY[2]}.yaml") + "\n")
    place.forget()
    place.plan("--changed-since", "HEAD")

    assert {MANY[2]} == looked_at(place)


def test_four_shards_at_once_come_to_the_state_of_one_run(tmp_path):
    """
    Each in a process of its own, at the same time, against one dimail.
    """
    domains = [
        a_domain(
            name,
            box("ada", secondary=None),
            context="shared.example" if number < 3 else name,
            aliases=[{"local_part": "all", "destinations": [f"ada@{MANY[number // 2]}"]}],
            owners=["alice.martin", "bob.durand"],
        )
        for number, name in enumerate(MANY[:10])
    ]
    for number in (0, 1, 2):
        domains[number]["mailboxes"] = [box("ada", secondary=None, first_name=f"Ada {number}")]
    with Sandbox(seed=7) as one, Sandbox(seed=7) as four:
        places = []
        for name, sandbox in (("one", one), ("four", four)):
            (tmp_path / name).mkdir()
            place = Communes(tmp_path / name, sandbox)
            place.declare(*domains)
            for domain in domains:
                sandbox.publish_dns(domain["name"])
            places.append(place)
        whole, parts = places
        parts.settings["MAILSTATE_PASSWORD"] = four.password
        whole.apply()

        def apply(index):
            options = ("--shard", f"{index + 1}/4") if index % 2 else ("--shard", "4")
            return parts.run("apply", "--yes", *options, env={"JOB_COMPLETION_INDEX": str(index)})

        with ThreadPoolExecutor(4) as pool:
            runs = [*pool.map(apply, range(4))]

        assert [ExitCode.OK] * 4 == [ran.code for ran in runs], [said(ran) for ran in runs]
        assert contents(one) == contents(four)
        assert ExitCode.OK == parts.call("plan", "--detailed-exitcode").code
        for kind in ("user", "domain", "mailbox", "alias"):
            assert sorted(set(parts.made(kind))) == parts.made(kind)


def test_shards_are_parts(many):
    """
    Every domain is in exactly one of them; which, may come from Kubernetes.
    """
    parts = []
    for index in range(4):
        many.forget()
        env = {"JOB_COMPLETION_INDEX": str(index)}
        planned = many.plan("--shard", "4", env=env)
        parts.append(looked_at(many))

        assert f"{index + 1}/4" == planned["selection"]["shard"]
        assert len(parts[-1]) == planned["selection"]["domains"]
    assert sorted(MANY) == sorted(name for part in parts for name in part)
    assert all(parts)


@pytest.mark.parametrize("shard", ["0/4", "5/4", "1/0", "4", "a/b", "1/4/2", "-1/4", "²/4"])
def test_shards_that_are_none(many, shard):
    """
    Exit code 2; a number alone needs the index.
    """
    assert ExitCode.USAGE == many.call("plan", "--shard", shard).code


@pytest.mark.parametrize(
    "other", [(), ("--only", "d*"), ("--only", MANY[3], "--only", MANY[4]), ("--shard", "1/2")]
)
def test_a_saved_partial_plan_with_another_selection(many, other):
    """
    Exit code 13, with what differs; with the same selection it is applied.
    """
    many.declare(a_domain(MANY[3], box("ada", secondary=None), owners=["bob.durand"]))
    assert ExitCode.OK == many.call("plan", "--only", MANY[3], "--out", "../many.json").code
    many.forget()
    ran = many.call("apply", "--yes", "../many.json", *other)

    assert ExitCode.STALE_PLAN == ran.code, said(ran)
    assert "the saved plan was made for another selection: " in ran.err
    assert [] == many.sent()


def test_a_saved_partial_plan_with_its_selection(many):
    """
    It is carried out, and the report has that part alone.
    """
    many.declare(a_domain(MANY[6], box("ada", secondary=None), owners=["alice.martin"], aliases=[
        {"local_part": "all", "destinations": [f"ada@{MANY[6]}"]}]))  # fmt: skip
    assert ExitCode.OK == many.call("plan", "--only", MANY[6], "--out", "../many.json").code
    report = many.apply("../many.json", "--only", MANY[6])

    assert [f"alias/all@{MANY[6]}/ada@{MANY[6]}"] == addresses(report["outcomes"])


def test_selections_are_taken_together(many):
    """
    What fits all of them.
    """
    many.declare(a_domain(MANY[3], box("ada", secondary=None), features=["webmail", "mailbox"]))
    many.declare(a_domain(MANY[13], box("ada", secondary=None), features=["webmail", "mailbox"]))

    assert 1 == many.plan("--changed-since", "HEAD", "--only", "d0*")["selection"]["domains"]
    assert D not in MANY
