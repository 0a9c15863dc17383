"""The first set-up of a dimail, with everything that can come between."""

import asyncio
from dataclasses import dataclass, field, replace

import pytest

from mailstate.applying.bootstrap import PERMS, Bootstrap, Sight, Step
from mailstate.errors import BusyCallError, DoubtfulCallError, RefusedCallError, RemoteError
from mailstate.model.secret import Secret

LOST = DoubtfulCallError("POST /users/: the connection was lost")
BUSY = BusyCallError("POST /users/: dimail answered 429", retry_after=7)
NO = RefusedCallError("POST /users/: dimail answered 422")
UNREAD = BusyCallError("GET /users/: no connection")
NO_USE = "a password that was made in this run is of no use"


@dataclass(frozen=True, kw_only=True)
class Person:
    name: str
    is_admin: bool = False
    perms: frozenset[str] | None = None


@dataclass
class Dimail:
    """
    A server with what befalls its next writes and reads.

    An error befalls a write after its effect if it stands in a tuple, else before it.
    """

    knows_perms: bool = True
    people: dict[str, Person] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict)
    writes: list[RemoteError | tuple[RemoteError] | None] = field(default_factory=list)
    reads: list[RemoteError | None] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    told: list[Step] = field(default_factory=list)
    sights: list[Sight] = field(default_factory=list)
    asked_as: list[tuple[str, str]] = field(default_factory=list)

    def add(self, name, password, *, is_admin=False, perms=()):
        told = frozenset(perms) if self.knows_perms else None
        self.people[name] = Person(name=name, is_admin=is_admin, perms=told)
        self.passwords[name] = password

    def clerk(self, name, password):
        self.asked_as.append((name, password.reveal()))
        return Clerk(self, name, password.reveal())

    def hear(self, step, sight):
        self.told.append(step)
        self.sights.append(sight)

    async def sleep(self, seconds):
        self.slept.append(seconds)


@dataclass
class Clerk:
    dimail: Dimail
    name: str
    password: str

    def _is_known(self):
        return not self.dimail.people or self.dimail.passwords.get(self.name) == self.password

    async def accounts(self):
        trouble = self.dimail.reads.pop(0) if self.dimail.reads else None
        if trouble:
            raise trouble
        return [*self.dimail.people.values()] if self._is_known() else None

    async def is_accepted(self):
        return self._is_known()

    async def create_account(self, name, password, *, is_admin, perms):
        def effect():
            if name in self.dimail.people:
                raise DoubtfulCallError("POST /users/: dimail answered 409")
            self.dimail.add(name, password.reveal(), is_admin=is_admin, perms=perms)

        self._write(f"create {name}", effect)

    async def make_admin(self, name):
        def effect():
            self.dimail.people[name] = replace(self.dimail.people[name], is_admin=True)

        self._write(f"promote {name}", effect)

    def _write(self, what, effect):
        self.dimail.sent.append(what)
        if not self._is_known():
            raise RefusedCallError("POST /users/: dimail answered 403")
        trouble = self.dimail.writes.pop(0) if self.dimail.writes else None
        if isinstance(trouble, RemoteError):
            raise trouble
        effect()
        if trouble:
            raise trouble[0]


@dataclass
class Held:
    """A name with a password that is there, or is made when asked for."""

    name: str
    password: str | None = None
    new: str = "new"

    def known(self):
        return Secret(self.password) if self.password else None

    def made(self):
        self.password = self.password or self.new
        return Secret(self.password)


def bootstrap(dimail, *, admin=None, service=None) -> Bootstrap:
    return Bootstrap(
        dimail.clerk,
        admin=admin or Held("admin"),
        service=service or Held("service"),
        tell=dimail.hear,
        sleep=dimail.sleep,
    )


def look(dimail, **credentials) -> Sight:
    return asyncio.run(bootstrap(dimail, **credentials).look())


def carry_out(dimail, **credentials) -> Sight:
    return asyncio.run(bootstrap(dimail, **credentials).carry_out())


def set_up(*, knows_perms=True, perms=PERMS, is_admin=False):
    """A dimail with an administrator and a service account."""
    dimail = Dimail(knows_perms=knows_perms)
    dimail.add("admin", "a", is_admin=True)
    dimail.add("service", "s", is_admin=is_admin, perms=perms)
    return dimail


@pytest.mark.parametrize("knows_perms", [True, False])
def test_an_empty_dimail_gets_both(knows_perms):
    """
    First the administrator, then the service account with the least rights that do.
    """
    dimail = Dimail(knows_perms=knows_perms)

    assert (Step.ADMIN, Step.SERVICE) == look(dimail).steps
    assert [] == dimail.sent
    sight = carry_out(dimail)

    assert ["create admin", "create service"] == dimail.sent
    assert [Step.ADMIN, Step.SERVICE] == dimail.told
    assert ((), ()) == (sight.steps, sight.lacking)
    assert dimail.people["admin"].is_admin
    assert knows_perms is not dimail.people["service"].is_admin
    least = frozenset({"new_domain", "create_users", "manage_users"})
    assert (least if knows_perms else None) == dimail.people["service"].perms
    assert [Sight(), sight] == dimail.sights
    assert [] == dimail.slept


def test_whether_a_dimail_is_empty_is_asked_by_nobody():
    """
    No name and no password goes to a server that may not be ours.
    """
    dimail = Dimail()

    look(dimail)

    assert ("", "") == dimail.asked_as[0]


@pytest.mark.parametrize("write", [0, 1], ids=["admin", "service"])
@pytest.mark.parametrize(
    ("trouble", "slept"),
    [
        pytest.param((LOST,), [], id="done, and the answer lost"),
        pytest.param(LOST, [0.5], id="lost before it was done"),
        pytest.param(BUSY, [7], id="busy"),
    ],
)
def test_a_lost_answer_is_found_out_by_reading(write, trouble, slept):
    """
    What was done is not sent again, what was not is.
    """
    dimail = Dimail(writes=[*[None] * write, trouble])
    sight = carry_out(dimail)

    assert () == sight.steps
    assert [Step.ADMIN, Step.SERVICE] == dimail.told
    assert slept == dimail.slept
    assert 2 + len(slept) == len(dimail.sent)


@pytest.mark.parametrize("write", [0, 1], ids=["admin", "service"])
def test_a_server_that_does_nothing_is_given_up(write):
    """
    After four tries the last trouble is told.
    """
    dimail = Dimail(writes=[*[None] * write, *[LOST] * 9])

    with pytest.raises(
        RemoteError, match="tried 4 times: POST /users/: the connection was lost"
    ) as caught:
        carry_out(dimail)

    assert "run it again: it looks first, and goes on where this run ended" == caught.value.hint
    assert [0.5, 1, 2] == dimail.slept


def test_a_busy_server_is_waited_for_no_longer_than_a_minute():
    """
    Whatever it asks for.
    """
    dimail = Dimail(writes=[BusyCallError("POST /users/: dimail answered 429", retry_after=3600)])

    carry_out(dimail)

    assert [60] == dimail.slept


def test_a_server_that_only_says_so_is_given_up():
    """
    A promise that reading does not bear out is no administrator.
    """
    dimail = Dimail()
    dimail.add = lambda *_arguments, **_rights: None  # type: ignore[method-assign]

    with pytest.raises(RemoteError) as caught:
        carry_out(dimail)

    assert "tried 4 times: dimail says that it is done, and it is not" == caught.value.message


@pytest.mark.parametrize("write", [0, 1], ids=["admin", "service"])
def test_what_is_refused_is_not_sent_again(write):
    """
    A refusal that changed nothing is told as it is.
    """
    dimail = Dimail(writes=[*[None] * write, NO])

    with pytest.raises(RefusedCallError, match="422"):
        carry_out(dimail)

    assert 1 + write == len(dimail.sent)


@pytest.mark.parametrize("trouble", [None, (LOST,)])
def test_a_read_back_that_fails_leaves_it_open(trouble):
    """
    Nothing more is sent, and running again is what helps.
    """
    dimail = Dimail(writes=[trouble], reads=[None, UNREAD])

    with pytest.raises(RemoteError) as caught:
        carry_out(dimail)

    unread = "what came of it could not be read back: GET /users/: no connection"
    assert (f"{LOST.message}; {unread}" if trouble else unread) == caught.value.message
    assert "run it again" in caught.value.hint
    assert ["create admin"] == dimail.sent


def quicker(password, **rights):
    """A write that comes second: somebody else creates an administrator first."""
    dimail = Dimail()
    original = Clerk.create_account

    async def late(self, name, *arguments, **more):
        if not dimail.people:
            dimail.add("admin", password, **rights)
        await original(self, name, *arguments, **more)

    return dimail, late


def test_the_second_of_two_finds_out(monkeypatch):
    """
    An administrator with another password is somebody else's: nothing more is done.
    """
    dimail, late = quicker("theirs", is_admin=True)
    monkeypatch.setattr(Clerk, "create_account", late)

    with pytest.raises(RefusedCallError) as caught:
        carry_out(dimail)

    assert (
        "somebody else has set this dimail up at the same time: "
        "it has a first user now, and refuses our `admin`"
    ) == caught.value.message
    assert f"ask whoever it was; {NO_USE}: take its file away" == caught.value.hint
    assert ["create admin"] == dimail.sent
    assert ["admin"] == list(dimail.people)


def test_two_with_the_same_password_are_one(monkeypatch):
    """
    Who can log in as the administrator is the administrator, whoever was first.
    """
    dimail, late = quicker("new", is_admin=True)
    monkeypatch.setattr(Clerk, "create_account", late)

    assert () == carry_out(dimail).steps
    assert ["admin", "service"] == list(dimail.people)


def test_a_first_user_without_rights_is_told(monkeypatch):
    """
    A dimail that is locked already is not made worse.
    """
    dimail, late = quicker("new", is_admin=False)
    monkeypatch.setattr(Clerk, "create_account", late)

    with pytest.raises(RefusedCallError, match="`admin` is no administrator") as caught:
        carry_out(dimail)

    assert "ask the operator of dimail to make it one in its database" == caught.value.hint
    assert ["create admin"] == dimail.sent


def test_a_second_service_account_is_not_ours():
    """
    An account that appears in the middle with another password is not taken for ours.
    """
    dimail = Dimail()
    dimail.add("admin", "a", is_admin=True)
    run = bootstrap(dimail, admin=Held("admin", "a"), service=Held("service"))

    async def scenario():
        sight = await run.look()
        dimail.add("service", "theirs", perms=PERMS)
        await run._create_service(dimail.clerk("admin", Secret("a")), sight)

    with pytest.raises(RefusedCallError, match="with another password"):
        asyncio.run(scenario())

    assert [] == dimail.told


@pytest.mark.parametrize(
    ("rights", "steps", "lacking"),
    [
        ({}, (), ()),
        ({"perms": (), "is_admin": True}, (), ()),
        ({"perms": PERMS[:1]}, (), PERMS[1:]),
        ({"knows_perms": False, "is_admin": True}, (), ()),
        ({"knows_perms": False}, (Step.RIGHTS,), ("is_admin",)),
    ],
)
@pytest.mark.parametrize("name", ["service", "Service"])
def test_what_an_existing_account_needs(rights, steps, lacking, name):
    """
    Nothing with sufficient rights; where there are no perms it can be made an administrator.
    """
    dimail = set_up(**rights)
    credentials = {"admin": Held("admin", "a"), "service": Held(name)}
    sight = look(dimail, **credentials)

    assert (steps, lacking) == (sight.steps, sight.lacking)
    after = carry_out(dimail, **credentials)

    assert () == after.steps
    assert (() if steps else lacking) == after.lacking
    assert (["promote service"] if steps else []) == dimail.sent
    assert list(steps) == dimail.told


def test_a_dimail_with_an_administrator_only_gets_the_service_account():
    """
    Whoever set the administrator up.
    """
    dimail = Dimail()
    dimail.add("admin", "a", is_admin=True)

    assert (Step.SERVICE,) == look(dimail, admin=Held("admin", "a")).steps
    assert () == carry_out(dimail, admin=Held("admin", "a")).steps
    assert ["create service"] == dimail.sent


@pytest.mark.parametrize("names", [("service", "Service"), ("Service", "service")])
def test_of_two_accounts_that_differ_in_case_the_exact_one_counts(names):
    """
    Where a server takes them for two.
    """
    dimail = Dimail()
    dimail.add("admin", "a", is_admin=True)
    for name in names:
        dimail.add(name, "s", perms=PERMS)

    sight = look(dimail, admin=Held("admin", "a"), service=Held("service", "s"))

    assert dimail.people["service"] == sight.account


@pytest.mark.parametrize("trouble", [LOST, (LOST,)])
def test_a_promotion_that_goes_down_is_found_out(trouble):
    """
    It is sent again only if reading shows that it had no effect.
    """
    dimail = set_up(knows_perms=False)
    dimail.writes = [trouble]

    assert () == carry_out(dimail, admin=Held("admin", "a")).lacking
    assert (1 if isinstance(trouble, tuple) else 2) == len(dimail.sent)
    assert [dimail.people["service"]] == [sight.account for sight in dimail.sights]


@pytest.mark.parametrize("act", [look, carry_out])
@pytest.mark.parametrize(
    ("password", "message", "hint"),
    [
        (
            None,
            "this dimail has users already: only its administrator can set up the rest",
            (
                "give its name in MAILSTATE_ADMIN_USERNAME, and its password in "
                "MAILSTATE_ADMIN_PASSWORD or in the file of --admin-password-file"
            ),
        ),
        (
            "wrong",
            "this dimail has users already, and refuses `admin` as their administrator",
            (
                "check the name and the password of the administrator; a file that was written "
                "for another dimail, or by a run that came second, is of no use"
            ),
        ),
    ],
)
def test_a_dimail_with_users_needs_its_administrator(act, password, message, hint):
    """
    Without credentials that work nothing is changed.
    """
    dimail = set_up()

    with pytest.raises(RefusedCallError) as caught:
        act(dimail, admin=Held("admin", password))

    assert (message, hint) == (caught.value.message, caught.value.hint)
    assert [] == dimail.sent


def test_a_password_that_is_not_the_accounts_is_told():
    """
    A service account with another password would be of no use to the other commands.
    """
    with pytest.raises(RefusedCallError, match="`service` exists, with another pass") as caught:
        look(set_up(), admin=Held("admin", "a"), service=Held("service", "wrong"))

    assert (
        "give the right one, or choose another account with MAILSTATE_USERNAME; "
        f"{NO_USE}: take its file away"
    ) == caught.value.hint
    right = look(set_up(), admin=Held("admin", "a"), service=Held("service", "s"))
    assert () == right.steps


def test_an_administrator_demoted_in_the_middle_is_told():
    """
    Who was accepted a moment ago and is refused now is not taken for an empty list.
    """
    dimail = set_up()
    run = bootstrap(dimail, admin=Held("admin", "a"))

    with pytest.raises(RefusedCallError, match="has just accepted") as caught:
        asyncio.run(run._sight(dimail.clerk("admin", Secret("old"))))

    assert "run it again" in caught.value.hint
