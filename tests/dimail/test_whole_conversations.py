"""Whole conversations with the sandbox, over real sockets, for every version of dimail."""

from dataclasses import replace

import pytest

from mailstate.applying.mail_api import MailApi
from mailstate.dimail.client import DimailClient
from mailstate.dimail.live import read_live
from mailstate.dimail.patience import Patience
from mailstate.errors import BusyCallError, DoubtfulCallError, RefusedCallError, RemoteError
from mailstate.model.resources import Access, Alias, Domain, DomainName, Mailbox, Resource, User
from mailstate.model.secret import Secret
from mailstate.model.state import DesiredState, DomainState, Found
from mailstate.sandbox import Sandbox
from tests.dimail.support import ADA, D, FakeClock, desired, run

UUID = "5e0c2f6e-3c1b-4f0a-9d3e-1f2a3b4c5d6e"
PROFILES = ["2024", "2024-check", "2026"]
POST = {"method": "POST", "path": f"/domains/{D}/mailboxes/ada"}
DOMAIN = Domain(
    name=D, features=frozenset(["webmail", "mailbox", "alias"]), context=D, delivery="virtual"
)
ACCESS = Access(domain=D, user=UUID)
ALIAS = Alias(domain=D, local_part="contact", destination=ADA.address)


@pytest.fixture(params=PROFILES)
def sandbox(request):
    with Sandbox(profile=request.param, background_check=False) as sandbox:
        yield sandbox


@pytest.fixture
def modern():
    with Sandbox(profile="2026") as sandbox:
        yield sandbox


def connect(sandbox: Sandbox, patience: Patience | None = None) -> DimailClient:
    return DimailClient(
        sandbox.url,
        sandbox.username,
        Secret(sandbox.password),
        patience=patience,
        clock=FakeClock(),
    )


def talk(sandbox, conversation, **options):
    async def scenario():
        async with connect(sandbox, **options) as api:
            return await conversation(api)

    return run(scenario())


def live_state(sandbox, wanted: DesiredState | None = None, **options):
    return talk(
        sandbox,
        lambda api: read_live(api, wanted or desired(ADA), needs_check=lambda _live: True),
        **options,
    )


async def set_up(api: DimailClient, *more: Resource) -> None:
    for resource in (User(name=UUID), DOMAIN, ACCESS, *more):
        await api.create(resource)


def told(mailbox: Mailbox, sandbox: Sandbox) -> Mailbox:
    """The mailbox as this version of dimail can tell of it."""
    return mailbox if sandbox.profile == "2026" else replace(mailbox, active=None)


def test_the_client_is_a_mail_api(modern):
    """
    The client has the shape that the applier asks for; the type checker agrees.
    """
    api: MailApi = connect(modern)

    assert isinstance(api, DimailClient)


def test_what_is_created_is_found(sandbox):
    """
    Nothing is found before, each thing after its creation, and all of it in the live state.
    """
    sandbox.publish_dns(D)

    async def conversation(api):
        for resource in (User(name=UUID), DOMAIN, ACCESS, ADA, ALIAS):
            assert await api.find(resource) is None
            secret = await api.create(resource)
            assert isinstance(resource, Mailbox) is (secret is not None)
            found = await api.find(resource)
            assert found is not None
            assert resource.key == found.resource.key
            assert not found.half_made
        return await api.find(ADA), await api.look(D)

    found, looked = talk(sandbox, conversation)
    live = live_state(sandbox)

    assert Found(resource=told(ADA, sandbox)) == found
    assert {ADA.key: told(ADA, sandbox)} == looked.mailboxes == live.domains[D].mailboxes
    assert {ALIAS.key: ALIAS} == looked.aliases == live.domains[D].aliases
    assert UUID in live.users[f"user/{UUID}"].name
    assert ACCESS.key in live.accesses
    assert (sandbox.profile == "2026") is live.tells_active
    expected = DomainState.UNTOLD if sandbox.profile == "2024" else DomainState.OK
    assert expected is looked.state


def test_what_is_there_already_is_in_doubt(sandbox):
    """
    Creating twice is answered by 409 or 500; only reading back tells.
    """
    everything = (User(name=UUID), DOMAIN, ACCESS, ADA, ALIAS)

    async def conversation(api):
        await set_up(api, ADA, ALIAS)
        for resource in everything:
            with pytest.raises(DoubtfulCallError):
                await api.create(resource)

    talk(sandbox, conversation)

    assert len(everything) <= len(sandbox.effects())


def test_a_name_is_changed(sandbox):
    """
    A changed display name is read back.
    """
    after = replace(ADA, display_name="Ada Lovelace")

    async def conversation(api):
        await set_up(api, ADA)
        await api.update(ADA, after, ("display_name",))
        return await api.find(ADA)

    assert Found(resource=told(after, sandbox)) == talk(sandbox, conversation)


def test_a_mailbox_is_switched_off_and_on(modern):
    """
    Switched off it has no names and is not half-made; switched on it has those of the files.
    """
    off = replace(ADA, active=False, first_name=None, last_name=None, display_name=None)

    async def conversation(api):
        await set_up(api, ADA)
        await api.update(ADA, replace(ADA, active=False), ("active",))
        found = await api.find(ADA)
        modern.publish_dns(D)
        looked = await api.look(D)
        await api.update(off, ADA, ("active",))
        return found, looked, await api.find(ADA)

    found, looked, again = talk(modern, conversation)

    assert Found(resource=off) == found
    assert ({ADA.key: off}, frozenset()) == (looked.mailboxes, looked.half_made)
    assert Found(resource=ADA) == again


def test_a_domain_waits_for_its_dns(modern):
    """
    Without records a domain is broken and says what is missing; with them it is enabled.
    """

    async def conversation(api):
        await set_up(api)
        before = await api.look(D)
        modern.publish_dns(D)
        return before, await api.look(D), await api.spec(D)

    before, after, records = talk(modern, conversation)

    assert DomainState.BROKEN is before.state
    assert not all(check.internal for check in before.failing)
    assert (DomainState.OK, ()) == (after.state, after.failing)
    assert "mx" in {record.type for record in records}


def test_internal_checks_are_repaired(modern):
    """
    A domain that fails for the provider's reasons alone is repaired and found enabled.
    """
    modern.publish_dns(D)
    modern.set_internal(D, "cert", ok=False, code="no_cert")

    async def conversation(api):
        await set_up(api)
        return await api.look(D)

    assert DomainState.OK is talk(modern, conversation).state


@pytest.mark.parametrize("kind", ["500_after", "reset_after", "cut"])
def test_a_creation_without_a_whole_answer_is_in_doubt(sandbox, kind):
    """
    The mailbox is there, once, although the answer never came.
    """
    sandbox.add_fault(kind=kind, **POST)

    async def conversation(api):
        await set_up(api)
        with pytest.raises(DoubtfulCallError):
            await api.create(ADA)
        return await api.find(ADA)

    assert Found(resource=told(ADA, sandbox)) == talk(sandbox, conversation)
    created = [effect for effect in sandbox.effects() if effect.object == ADA.address]
    assert 1 == len(created)


@pytest.mark.parametrize("kind", ["500_before", "reset_before"])
def test_a_creation_that_failed_is_in_doubt_too(sandbox, kind):
    """
    Nothing was done, which only reading back can tell.
    """
    sandbox.add_fault(kind=kind, **POST)

    async def conversation(api):
        await set_up(api)
        with pytest.raises(DoubtfulCallError):
            await api.create(ADA)
        return await api.find(ADA)

    assert talk(sandbox, conversation) is None


def test_a_busy_server_did_nothing(sandbox):
    """
    A 429 has no effect, and says how long to wait.
    """
    sandbox.add_fault(kind="429", retry_after=3, **POST)

    async def conversation(api):
        await set_up(api)
        with pytest.raises(BusyCallError) as caught:
            await api.create(ADA)
        return caught.value.retry_after, await api.find(ADA)

    assert (3, None) == talk(sandbox, conversation)


def test_a_half_made_mailbox_is_told_as_such(sandbox):
    """
    A creation that failed between the two stores is seen in find, look and the live state.
    """
    sandbox.publish_dns(D)
    sandbox.add_fault(kind="500_half", **POST)

    async def conversation(api):
        await set_up(api)
        with pytest.raises(DoubtfulCallError):
            await api.create(ADA)
        found = await api.find(ADA)
        return found, await api.look(D)

    found, looked = talk(sandbox, conversation)

    assert found is not None
    assert found.half_made
    assert {ADA.key} == looked.half_made == live_state(sandbox).domains[D].half_made
    assert {ADA.key} == set(looked.mailboxes)


def test_an_ended_token_is_replaced(sandbox):
    """
    A token that ends in the middle of a run costs one login and nothing else.
    """

    async def conversation(api):
        await set_up(api, ADA)
        sandbox.expire_tokens()
        await api.create(ALIAS)

    talk(sandbox, conversation)

    assert 2 == [request.path for request in sandbox.requests()].count("/token/")


@pytest.mark.parametrize("resource", [ACCESS, ADA, ALIAS], ids=lambda one: type(one).__name__)
def test_what_is_deleted_is_gone(sandbox, resource):
    """
    It is not found any more, and deleting it again is no error; nothing else is touched.
    """
    others = [each for each in (ACCESS, ADA, ALIAS) if each is not resource]

    async def conversation(api):
        await set_up(api, ADA, ALIAS)
        await api.delete(resource)
        gone = await api.find(resource)
        await api.delete(resource)
        return gone, [await api.find(other) for other in others]

    gone, left = talk(sandbox, conversation)

    assert gone is None
    assert None not in left
    assert 1 == [effect.action for effect in sandbox.effects()].count("delete")


def test_one_destination_is_deleted_under_its_own_spelling(sandbox):
    """
    Another destination of the same alias stays, and so does one that differs in case alone.
    """
    mixed = replace(ALIAS, local_part="Contact", destination="Ada+x@A.example")

    async def conversation(api):
        await set_up(api, ALIAS, replace(ALIAS, destination="b@b.example"), mixed)
        await api.delete(mixed)
        sandbox.publish_dns(D)
        return (await api.look(D)).aliases

    assert [f"ada@{D}", "b@b.example"] == sorted(
        alias.destination for alias in talk(sandbox, conversation).values()
    )


@pytest.mark.parametrize("kind", ["500_after", "reset_after"])
def test_a_deletion_without_an_answer_is_in_doubt(sandbox, kind):
    """
    Reading back tells that it was done.
    """
    sandbox.add_fault(kind=kind, method="DELETE")

    async def conversation(api):
        await set_up(api, ADA)
        with pytest.raises(DoubtfulCallError):
            await api.delete(ADA)
        return await api.find(ADA)

    assert talk(sandbox, conversation) is None


def test_a_half_made_mailbox_cannot_be_deleted(sandbox):
    """
    Dimail looks for it in one store only, does not find it, and it is there all the same.
    """
    sandbox.add_fault(kind="500_half", **POST)

    async def conversation(api):
        await set_up(api)
        with pytest.raises(DoubtfulCallError):
            await api.create(ADA)
        await api.delete(ADA)
        return await api.find(ADA)

    found = talk(sandbox, conversation)

    assert found is not None
    assert found.half_made


def test_a_way_in(sandbox):
    """
    A server of 2026 makes login codes and new passwords; older ones say that they have neither.
    """

    async def conversation(api):
        await set_up(api, ADA)
        return await api.login_code(ADA, seconds=60, uses=1), await api.reset_password(ADA)

    code, password = talk(sandbox, conversation)

    assert (sandbox.profile == "2026") is (code is not None) is (password is not None)
    if code is not None:
        assert (60, 1) == (code.expires_in, code.max_uses)


def test_no_way_in_without_a_mailbox(modern):
    """
    A mailbox that is not there, or has no webmail account, gets no code.
    """
    off = replace(ADA, active=False)

    async def conversation(api):
        await set_up(api)
        for verb in (api.login_code, api.reset_password):
            with pytest.raises(RefusedCallError, match="Mailbox not found"):
                await verb(ADA)
        await api.create(ADA)
        await api.update(ADA, off, ("active",))
        with pytest.raises(RefusedCallError, match="open-xchange"):
            await api.login_code(ADA)

    talk(modern, conversation)


@pytest.mark.parametrize("path", ["/users/", "/domains/", "/allows/", "/token/", "/**/aliases/"])
@pytest.mark.parametrize("kind", ["500_before", "reset_before", "cut", "502", "429"])
def test_trouble_on_the_way_makes_no_difference_to_reading(modern, path, kind):
    """
    Two failures of any list, one after the other, leave the live state as it is.
    """

    async def conversation(api):
        await set_up(api, ADA, ALIAS)

    talk(modern, conversation)
    expected = live_state(modern)
    modern.add_fault(kind=kind, method="GET", path=path, times=2)

    assert expected == live_state(modern)


def test_another_domain_of_the_context_is_no_difference(sandbox):
    """
    Mailboxes of the same OX context belong to their own domain, and `oxadmin` to none.
    """
    other = replace(DOMAIN, name=DomainName("b.example"))

    async def conversation(api):
        await set_up(api, other, ADA)
        if sandbox.profile == "2026":
            return
        await api.create(replace(ADA, domain=other.name, local_part="bob", display_name="B"))

    talk(sandbox, conversation)
    both = DesiredState(domains={**desired(ADA).domains, **desired(ADA, domain=other.name).domains})

    live = live_state(sandbox, both)

    assert [ADA.key] == list(live.domains[D].mailboxes)
    assert {f"mailbox/bob@{other.name}"} >= set(live.domains[other.name].mailboxes)
    assert frozenset() == live.domains[D].half_made == live.domains[other.name].half_made


@pytest.mark.parametrize("profile", PROFILES)
def test_an_empty_dimail_leads_to_bootstrap(profile):
    """
    A server just installed lets anybody in and has no user: no plan is made against it.
    """
    with (
        Sandbox(profile=profile, bootstrap=False) as sandbox,
        pytest.raises(RemoteError, match="GET /users/") as caught,
    ):
        live_state(sandbox)

    assert "bootstrap" in caught.value.hint


def test_a_wrong_password_is_told(sandbox):
    """
    Refused credentials name the settings, not the password.
    """

    async def conversation():
        async with DimailClient(sandbox.url, sandbox.username, Secret("canary")) as api:
            await read_live(api, desired(), needs_check=lambda _live: True)

    with pytest.raises(RemoteError, match="403") as caught:
        run(conversation())

    assert "MAILSTATE_PASSWORD" in caught.value.hint


def test_nobody_listens():
    """
    A server that is not there is told as such, after a few tries.
    """
    with Sandbox() as sandbox:
        api = connect(sandbox)

    async def conversation():
        async with api:
            await api.users()

    with pytest.raises(BusyCallError, match="no connection"):
        run(conversation())


def test_a_slow_answer_is_given_up(modern, caplog):
    """
    A list that takes too long is a time-out, and asked for again.
    """
    modern.add_fault(kind="slow_before", delay=2.0, method="GET", path="/users/")

    with caplog.at_level("DEBUG", "mailstate.dimail"):
        assert live_state(modern, DesiredState(), patience=Patience(quick=1)).users

    assert "GET /users/: no answer within 1 s" in caplog.text
