"""Several dimails in mailstate.toml, each with its own settings."""

import pytest

from mailstate.errors import ExitCode
from mailstate.sandbox import Sandbox
from tests.people.support import NOTIFY, Communes, D, a_domain, box

PRODUCTION = "production"
STAGING = "staging"


@pytest.fixture
def both(tmp_path, sandboxes, inbox):
    """Files of one domain, and a staging of 2024 beside a production of 2026."""
    sandboxes["2024"].reset()
    sandboxes["2026"].reset()
    place = Communes(tmp_path, sandboxes["2026"], inbox)
    place.declare(a_domain(D, box("ada"), box("bob")))
    targets = (
        f'[targets.{STAGING}]\nurl = "{sandboxes["2024"].url}"\nassume_enabled = true\n'
        f'[targets.{PRODUCTION}]\nurl = "{sandboxes["2026"].url}"\n'
        'prune = ["mailboxes"]\nmax_removals_percent = 50\n'
    )
    place.set('username = "la_regie"\n', notify=NOTIFY + targets)
    for sandbox in (sandboxes["2024"], sandboxes["2026"]):
        sandbox.publish_dns(D)
    place.settings = {"MAILSTATE_SMTP_URL": place.settings["MAILSTATE_SMTP_URL"]}
    return place


def logged_in(sandbox: Sandbox, **more):
    """The environment for one of them."""
    return {"MAILSTATE_PASSWORD": sandbox.password, **more}


@pytest.mark.parametrize("how", ["option", "environment"])
def test_each_target_is_its_own_dimail(both, sandboxes, how):
    """
    What is applied to one is not applied to the other; plans name theirs.
    """
    for name, profile in ((STAGING, "2024"), (PRODUCTION, "2026")):
        option = ("--target", name) if how == "option" else ()
        env = logged_in(sandboxes[profile], **({} if option else {"MAILSTATE_TARGET": name}))
        report = both.apply(*option, env=env)

        assert sandboxes[profile].url == report["target"]
        assert 2 == len(sandboxes[profile].store.mail.mailboxes(D))
        assert (profile == "2026") == bool(sandboxes["2026"].effects())


def test_the_option_counts_for_more_than_the_environment(both, sandboxes):
    """
    As everywhere: settings, environment, options.
    """
    env = logged_in(sandboxes["2024"], MAILSTATE_TARGET=PRODUCTION)

    assert sandboxes["2024"].url == both.plan("--target", STAGING, env=env)["target"]


def test_an_empty_target(both, sandboxes):
    """
    Exit code 2 for an option, where a variable of the caller's was empty; nothing for the variable.
    """
    env = logged_in(sandboxes["2026"], MAILSTATE_TARGET="", MAILSTATE_URL=sandboxes["2026"].url)

    assert ExitCode.USAGE == both.call("plan", "--target", "", env=env).code
    assert ExitCode.OK == both.call("plan", env=env).code


@pytest.mark.parametrize("how", ["option", "environment"])
def test_an_unknown_target(both, sandboxes, how):
    """
    Exit code 2, and which there are.
    """
    ran = both.call(
        "plan",
        *(("--target", "prod") if how == "option" else ()),
        env=logged_in(sandboxes["2026"], MAILSTATE_TARGET="prod" if how != "option" else ""),
    )

    assert ExitCode.USAGE == ran.code
    assert (
        "error: there is no target `prod`\nhint:  mailstate.toml has: production, staging\n"
    ) == ran.err


def test_no_target_where_none_is_the_default(both, sandboxes):
    """
    Exit code 3: nobody guesses which dimail is meant.
    """
    ran = both.call("plan", env=logged_in(sandboxes["2026"]))

    assert ExitCode.INVALID == ran.code
    assert "no dimail is named" in ran.err


def test_each_target_has_its_own_policy(both, sandboxes):
    """
    What is pruned on one is left alone on the other.
    """
    for name, profile in ((STAGING, "2024"), (PRODUCTION, "2026")):
        both.apply("--target", name, env=logged_in(sandboxes[profile]))
    both.declare(a_domain(D, box("ada")))
    staging = both.plan("--target", STAGING, env=logged_in(sandboxes["2024"]))
    production = both.plan("--target", PRODUCTION, env=logged_in(sandboxes["2026"]))

    assert ([], True) == (staging["policy"]["prune"], staging["policy"]["assume_enabled"])
    assert (["mailbox"], False, 50) == (
        production["policy"]["prune"],
        production["policy"]["assume_enabled"],
        production["policy"]["max_removals_percent"],
    )
    assert (0, 1) == (staging["summary"]["update"], production["summary"]["update"])


def test_a_plan_for_one_target_is_none_for_the_other(both, sandboxes):
    """
    Exit code 13.
    """
    saved = both.call(
        "plan", "--target", PRODUCTION, "--out", "plan.json", env=logged_in(sandboxes["2026"])
    )
    ran = both.call(
        "apply", "--yes", "plan.json", "--target", STAGING, env=logged_in(sandboxes["2024"])
    )

    assert ExitCode.OK == saved.code
    assert ExitCode.STALE_PLAN == ran.code
    assert "the saved plan was made for another target" in ran.err
    assert [] == sandboxes["2024"].effects()


def test_a_password_of_the_other_target(both, sandboxes):
    """
    Exit code 4, not a plan.
    """
    ran = both.call("plan", "--target", STAGING, env=logged_in(sandboxes["2026"]))

    assert ExitCode.REMOTE == ran.code


def test_letters_may_differ_by_target(both, sandboxes):
    """
    Key by key: who sends them and in which language stays, though production sends passwords.
    """
    own = f'[targets.{PRODUCTION}.notify]\nmode = "password"\n'
    both.write("mailstate.toml", both.read("mailstate.toml") + own)
    both.forget()
    both.apply("--target", PRODUCTION, env=logged_in(sandboxes["2026"]))

    assert ["ada@perso.example", "bob@perso.example"] == both.welcomed()
    assert 2 == len(both.keys())
    assert [] == both.asked(path=".*/code")
    assert {"Your new mailbox"} == {
        str(letter["Subject"]).partition(":")[0] for letter in both.letters()
    }


def test_a_target_without_letters(both, sandboxes):
    """
    `mode = "none"` needs no mail server, and no `--no-notify`.
    """
    own = f'[targets.{PRODUCTION}.notify]\nmode = "none"\n'
    both.write("mailstate.toml", both.read("mailstate.toml") + own)
    both.settings = {}
    both.apply("--target", PRODUCTION, env=logged_in(sandboxes["2026"]))

    assert 2 == len(both.made())
