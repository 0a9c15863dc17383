"""Import: files that say what dimail has, and nothing else changes."""

import re
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstate.errors import FilesError, UsageError
from mailstate.model.resources import (
    Access,
    Alias,
    Domain,
    DomainName,
    Mailbox,
    User,
    access_key,
    user_id,
)
from mailstate.model.state import DomainState, LiveDomain, LiveState
from mailstate.planning.plan import Policy
from mailstate.planning.planner import plan
from mailstate.statefiles import RULES
from mailstate.statefiles.formatter import formatted
from mailstate.statefiles.writer import import_live
from tests.strategies import SERVICE, worlds

ANN = "5e0c2f6e-3c1b-4f0a-9d3e-1f2a3b4c5d6e"
BEN = "6f1d3a7f-4d2c-4a1b-8e4f-2a3b4c5d6e7f"
A, B = DomainName("a.example"), DomainName("b.example")
EVERYTHING = frozenset({"webmail", "mailbox", "alias"})


def box(local_part, first="Jean", last="Dupont", display=None, *, active=True, domain=A):
    """A mailbox as dimail tells it."""
    if display is None and first is not None:
        display = f"{first} {last}"
    return Mailbox(
        domain=domain,
        local_part=local_part,
        first_name=first,
        last_name=None if first is None else last,
        display_name=display,
        active=active,
    )


def live_domain(*resources, name=A, half_made=(), readable=True, **values):
    """A domain with *resources* on it."""
    mailboxes = {one.key: one for one in resources if isinstance(one, Mailbox)}
    aliases = {one.key: one for one in resources if isinstance(one, Alias)}
    fields = {"features": EVERYTHING, "context": name, "delivery": "virtual", **values}
    return LiveDomain(
        domain=Domain(name=name, **fields),
        state=DomainState.OK,
        readable=readable,
        mailboxes=mailboxes,
        aliases=aliases,
        half_made=frozenset(one.key for one in half_made),
    )


def alias(local_part, destination, domain=A):
    """A pair."""
    return Alias(domain=domain, local_part=local_part, destination=destination)


def state(*domains, managers=(ANN,), users=()):
    """A dimail in which *managers* and the service account manage *domains*."""
    names = (*managers, SERVICE)
    accesses = [Access(domain=one.domain.name, user=name) for one in domains for name in names]
    everybody = [User(name=name) for name in dict.fromkeys((*names, *users))]
    return LiveState(
        users={user.key: user for user in everybody},
        accesses={access.key: access for access in accesses},
        domains={one.domain.name: one for one in domains},
    )


def imported(live, *texts, **options):
    """What import makes of *live* and the files a.yaml, b.yaml, … with *texts*."""
    names = (f"state/{letter}.yaml" for letter in "abcdef")
    sources = list(zip(names, (text.encode() for text in texts), strict=False))
    return import_live(live, sources, directory="state", service_account=SERVICE, **options)


def again(live, first, *texts, **options):
    """The import after *first*, into what it has written."""
    names = (f"state/{letter}.yaml" for letter in "abcdef")
    sources = dict(zip(names, (text.encode() for text in texts), strict=False))
    sources |= {name: text.encode() for name, text in first.files.items()}
    kept = [(name, data) for name, data in sources.items() if not name.endswith(".todo")]
    return import_live(live, kept, directory="state", service_account=SERVICE, **options)


def following(result, live):
    """The plan that follows an import."""
    return plan(
        result.desired,
        LiveState(
            users=live.users,
            accesses=live.accesses,
            domains={
                name: domain
                for name, domain in live.domains.items()
                if name in result.desired.domains
            },
            tells_active=live.tells_active,
        ),
        Policy(service_account=SERVICE),
    )


def with_all_access(live):
    """*live* with everything readable, and an access for the service account everywhere."""
    own = [Access(domain=name, user=SERVICE) for name in live.domains]
    service = User(name=SERVICE)
    return LiveState(
        users={**live.users, service.key: service},
        accesses={**live.accesses, **{access.key: access for access in own}},
        domains={name: one for name, one in live.domains.items() if one.readable},
        tells_active=live.tells_active,
    )


@given(worlds(policy=st.just(Policy(service_account=SERVICE))))
def test_the_plan_that_follows_is_empty(world):
    """
    Nothing to change, nothing held: what cannot be written is told as unmanaged.
    """
    live = with_all_access(world.live)

    result = imported(live)
    planned = following(result, live)

    assert () == planned.changes
    assert () == planned.held
    assert () == planned.refused


@given(worlds(policy=st.just(Policy(service_account=SERVICE))))
def test_a_second_import_changes_no_byte(world):
    """
    The files are canonical, too.
    """
    live = with_all_access(world.live)
    first = imported(live)

    second = again(live, first)

    assert {} == {name: text for name, text in second.files.items() if not name.endswith(".todo")}
    for name, text in first.files.items():
        if not name.endswith(".todo"):
            assert text == formatted(name, text.encode()).text


FULL_NAME = RULES["full-name-not-unique"].title
FILE = f"""\
# import: from dimail, which knows no roles (whoever manages the domain is an owner here)
# and neither secondary nor support addresses

domains:
  - name: a.example
    owners: [user-5e0c2f6e]
    mailboxes:
      - local_part: ada
        first_name: Ada
        last_name: Lovelace
        display_name: Countess
      - local_part: contact
        first_name: Contact  # import: dimail tells no name; this one is made from the address
        last_name: a.example
      - local_part: jean.dupont  # import: dimail spells it Jean.Dupont
        first_name: Jean
        last_name: Dupont
      - local_part: paul.le-roux
        first_name: Paul  # import: dimail tells no name; this one is made from the address
        last_name: Le Roux
        active: false
    aliases:
      - {{local_part: info, destinations: [ada@a.example, x@y.fr]}}  # import: dimail spells it Info
    # import: left out, full-name-not-unique ({FULL_NAME}):
    # import:   - {{local_part: zed, first_name: JEAN, last_name: Dupont, display_name: Oh}}
    # import: left out, half-made in dimail (status broken): half@a.example
    # import: left out, may manage the domain, but is no person: admin
"""


def test_this_is_what_a_domain_looks_like():
    """
    Each decision of it, in one example.
    """
    half = box("half", first=None)
    live = state(
        live_domain(
            box("Jean.Dupont"),
            box("ada", "Ada", "Lovelace", "Countess"),
            box("zed", "JEAN", "Dupont", "Oh"),
            box("paul.le-roux", first=None, active=False),
            box("contact", first=None),
            half,
            alias("Info", "ADA@a.example"),
            alias("info", "x@y.fr"),
            half_made=[half],
        ),
        managers=(ANN, "admin"),
        users=[BEN],
    )

    result = imported(live)

    assert FILE == result.files["state/a.example.yaml"]
    assert result.files["state/users.yaml"] == (
        "# import: dimail knows people by their uuid alone: replace the handles, here and in the\n"
        "# domains' files\n"
        "\n"
        "users:\n"
        "  - name: user-5e0c2f6e\n"
        f"    uuid: {ANN}\n"
    )
    assert () == following(result, live).changes


MINE = """\
# Ours since 2019

users:
  # at the town hall
  - name: ann
    uuid: 5E0C2F6E3C1B4F0A9D3E1F2A3B4C5D6E

domains:
  - name: a.example
    support_email: dsi@elsewhere.test  # by day
    owners: [ann]
    accesses:
      - {user: ben, role: viewer}  # the mayor
    mailboxes:
      # left us
      - local_part: gone
        first_name: Al
        last_name: Gone
      - local_part: jean
        first_name: Jean
        last_name: Dupond  # misspelt
        secondary_email: jean@home.test
    aliases:
      - {local_part: info, destinations: [jean@a.example]}
    # that is all
"""
OTHERS = f"users: [{{name: ben, uuid: {BEN}}}]\n"


def test_what_is_written_by_hand_survives():
    """
    Comments, roles, handles, secondary and support addresses stay; dimail's names are taken over.
    """
    live = state(
        live_domain(
            box("jean"),
            box("new", "Neu", "Mann"),
            alias("info", "x@y.fr"),
            alias("old", "x@y.test"),
        )
    )

    result = imported(live, MINE, OTHERS)

    assert ["state/a.yaml"] == list(result.files)
    assert result.files["state/a.yaml"] == MINE.replace("Dupond", "Dupont").replace(
        "    aliases:\n      - {local_part: info, destinations: [jean@a.example]}\n",
        "      - local_part: new\n        first_name: Neu\n        last_name: Mann\n"
        "    aliases:\n      - {local_part: info, destinations: [jean@a.example, x@y.fr]}\n"
        "      - {local_part: old, destinations: [x@y.test]}\n",
    )
    assert ("mailbox/gone@a.example", "alias/info@a.example/jean@a.example") == result.gone
    assert {} == again(live, result, MINE, OTHERS).files


def test_files_are_left_alone_where_nothing_is_missing():
    """
    Also those that are not in canonical form.
    """
    text = f"users: [{{uuid: {ANN}, name: ann}}]\ndomains: [{{owners: [ann], name: a.example}}]\n"

    assert {} == imported(state(live_domain()), text).files


def test_who_is_known_to_the_files_is_not_named_anew():
    """
    By uuid, however it is spelt; a viewer keeps the role, whatever dimail allows.
    """
    live = state(live_domain(), live_domain(name=B), managers=(ANN, BEN.replace("-", "").upper()))

    result = imported(live, MINE, OTHERS)

    assert ["state/b.example.yaml"] == list(result.files)
    assert "owners: [ann, ben]\n" in result.files["state/b.example.yaml"]


def test_handles_are_told_apart():
    """
    By as many digits as it takes, whoever else is imported; a handle in use is not given again.
    """
    one, other, third = (
        str(UUID(int=0xABCDEF01 << 96)),
        str(UUID(int=(0xABCDEF01 << 96) + (7 << 80))),
        str(UUID(int=0xABCDEF02 << 96)),
    )
    taken = f"users: [{{name: user-abcdef02, uuid: {BEN}}}]\n"
    live = state(live_domain(), managers=(one, third), users=[other])

    result = imported(live, taken)

    assert {"user-abcdef02", "user-abcdef010000", "user-abcdef020000"} == {
        person.handle for person in result.desired.people.values()
    }


def test_a_domain_nobody_manages_waits_for_an_owner():
    """
    Its file is no state file until somebody is named: everything else is in it.
    """
    live = state(live_domain(box("ada")), managers=())

    result = imported(live)
    owned = imported(live, owner=ANN)
    by_handle = imported(live, OTHERS, owner="ben")

    assert ("state/a.example.yaml.todo",) == result.waiting
    text = result.files["state/a.example.yaml.todo"]
    assert "owners: []  # TODO: name an owner, then take `.todo` off the name" in text
    assert "local_part: ada" in text
    assert {} == result.desired.domains
    assert "owners: [user-5e0c2f6e]\n" in owned.files["state/a.example.yaml"]
    assert "owners: [ben]\n" in by_handle.files["state/a.example.yaml"]
    with pytest.raises(UsageError, match="--owner zoe"):
        imported(live, owner="zoe")


@pytest.mark.parametrize(
    ("domain", "why"),
    [
        (live_domain(name=DomainName("MAIL.fr")), "has capitals"),
        (live_domain(name=DomainName("../x")), "two dots together|is an address"),
        (live_domain(features=frozenset({"fax"})), "features that this version does not know"),
        (live_domain(delivery="pigeon"), "delivered in a way"),
        (live_domain(context=" x"), "its context: .*blank at an end"),
    ],
)
def test_a_domain_that_no_file_can_declare_is_left_out(domain, why):
    """
    Whole, and said.
    """
    result = imported(state(domain))

    assert {} == result.files
    assert re.search(f"the whole domain: .*({why})", "\n".join(result.left_out))


def test_a_name_that_unicode_spells_otherwise_is_left_out():
    """
    Dimail compares the bytes it was given.
    """
    result = imported(state(live_domain(name=DomainName("café.example"))))

    assert ("café.example: the whole domain: its name is xn--caf-dma.example to all others",) == (
        result.left_out
    )


def test_what_differs_from_the_defaults_is_written():
    """
    Features, context and delivery; without webmail there is no context.
    """
    live = state(
        live_domain(context="shared", delivery="relay"),
        live_domain(name=B, features=frozenset({"mailbox"}), context="shared"),
    )

    files = imported(live).files

    assert "    context: shared\n    delivery: relay\n    owners" in files["state/a.example.yaml"]
    assert "    features: [mailbox]\n    owners" in files["state/b.example.yaml"]


def test_a_domain_that_cannot_be_read_is_left_out():
    """
    What is on it is unknown, and must not look like nothing.
    """
    result = imported(state(live_domain(readable=False)))

    assert (A,) == result.without_access
    assert {} == result.files


@pytest.mark.parametrize(
    ("resource", "rule"),
    [
        (box("a b"), "local-part-form"),
        (box("oxadmin"), "local-part-reserved"),
        (box("ada", "", "X"), "text-blank"),
        (box("ada", "Ada ", "X"), "text-blank-ends"),
        (box("ada", "Ada", "X", "a\nb"), "text-control-character"),
        (box("ada", "Jean", "Dupont", "Other"), "full-name-not-unique"),
        (box("ada", "Ada", "X", "JEAN DUPONT"), "display-name-not-unique"),
        (alias("a@b", "x@y.test"), "local-part-form"),
        (alias("info", "nowhere"), "email-form"),
        (alias("info", "x@café.test"), "email-form"),
        (alias("info", "nobody@a.example"), "destination-nowhere"),
        (alias("info", "info@a.example"), "alias-loop"),
        (alias("aaa", "x@y.test"), "alias-over-mailbox"),
    ],
)
def test_what_the_rules_forbid_is_left_out_with_the_rule(resource, rule):
    """
    The result is valid, the plan empty, and the next import the same.
    """
    live = state(live_domain(box("aaa"), resource))

    result = imported(live)

    assert f"# import: left out, {rule} (" in result.files["state/a.example.yaml"]
    assert 1 == len(result.left_out)
    assert () == following(result, live).changes
    assert {} == again(live, result).files


def test_what_leads_to_something_left_out_is_left_out_too():
    """
    Again and again, until the files are valid; what is sound in an alias stays.
    """
    half = box("half", first=None)
    live = state(
        live_domain(
            half,
            alias("one", "half@a.example"),
            alias("one", "x@y.test"),
            alias("two", "half@a.example"),
            alias("three", "two@a.example"),
            half_made=[half],
        )
    )

    result = imported(live)

    assert (
        "      - {local_part: one, destinations: [x@y.test]}\n    # import"
        in (result.files["state/a.example.yaml"])
    )
    assert 4 == len(result.left_out)


@pytest.mark.parametrize("feature", ["mailbox", "alias"])
def test_what_the_domain_has_no_feature_for_is_left_out(feature):
    """
    Dimail takes such things without a look.
    """
    features = EVERYTHING - {feature}
    live = state(live_domain(box("ada"), alias("info", "x@y.test"), features=features))

    result = imported(live)

    plural = {"mailbox": "mailboxes", "alias": "aliases"}[feature]
    assert f"left out, {plural}-without-feature" in result.files["state/a.example.yaml"]
    assert f"    {plural}:" not in result.files["state/a.example.yaml"]


def test_a_name_that_is_taken_is_not_made_up():
    """
    A made-up name gives way: nobody else has the whole address.
    """
    live = state(live_domain(box("ada", "Jean", "Dupont"), box("jean.dupont", None, active=False)))

    text = imported(live).files["state/a.example.yaml"]

    assert "        first_name: jean.dupont  # import" in text
    assert "        last_name: a.example\n        active: false\n" in text


def test_the_rule_that_is_named_does_not_depend_on_the_order():
    """
    Of somebody whose two names others have, one of them written later: the next import agrees.
    """
    live = state(
        live_domain(
            box("ada", "Ada", "Lovelace", "Cy Twombly"),
            box("dee", "Cy", "Twombly", "Cy Twombly"),
            box("eve", "Cy", "Twombly", "Twombly, Cy"),
        )
    )
    first = imported(live)

    assert f"left out, full-name-not-unique ({FULL_NAME}):" in first.files["state/a.example.yaml"]
    assert {} == again(live, first).files


def test_names_are_unique_within_a_context_over_domains_and_files():
    """
    What is written already has the name.
    """
    mine = (
        f"users: [{{name: ann, uuid: {ANN}}}]\n"
        "domains:\n  - name: b.example\n    context: a.example\n    owners: [ann]\n"
        "    mailboxes: [{local_part: jean, first_name: Jean, last_name: Dupont}]\n"
    )
    live = state(live_domain(box("ada")), live_domain(box("jean", domain=B), name=B, context=A))

    result = imported(live, mine)

    assert ["state/a.example.yaml"] == list(result.files)
    assert "left out, full-name-not-unique" in result.files["state/a.example.yaml"]


def test_dimails_values_that_break_a_rule_are_not_taken_over():
    """
    The entry stays as it is, and the comment says so.
    """
    mine = (
        f"users: [{{name: ann, uuid: {ANN}}}]\n"
        "domains:\n  - name: a.example\n    owners: [ann]\n    mailboxes:\n"
        "      - {local_part: ada, first_name: Ada, last_name: L}\n"
        "      - {local_part: bob, first_name: Bob, last_name: No1}\n"
    )
    live = state(live_domain(box("ada", "Bob", "No1", "Ada L"), box("bob", "Bob", "No1")))

    result = imported(live, mine)
    blank = imported(state(live_domain(box("ada", " ", "L"), box("bob", "Bob", "No1"))), mine)

    assert {} == again(live, result, mine).files
    assert "first_name: Ada\n" in blank.files["state/a.yaml"]
    assert "dimail's values would break a rule, text-blank" in blank.files["state/a.yaml"]


def test_what_dimail_tells_of_domain_and_mailbox_is_taken_over():
    """
    In the field that says it, or in a new one where the default no longer holds.
    """
    mine = (
        f"users: [{{name: ann, uuid: {ANN}}}]\n"
        "domains:\n  - name: a.example\n    context: mine\n    owners: [ann]\n    mailboxes:\n"
        "      - {local_part: ada, first_name: Ada, last_name: L, active: false}\n"
        "      - {local_part: bob, first_name: Bob, last_name: No1, display_name: B}\n"
        "      - {local_part: cy, first_name: Cy, last_name: T}\n"
    )
    live = state(
        live_domain(
            box("ada", "Ada", "L"),
            box("bob", "Bob", "No1"),
            box("cy", "Cy", "T", "The Cy", active=False),
            features=EVERYTHING - {"alias"},
            context="theirs",
            delivery="relay",
        )
    )

    result = imported(live, mine)
    text = result.files["state/a.yaml"]

    assert "    context: theirs\n    features: [webmail, mailbox]\n    delivery: relay\n" in text
    assert "last_name: L\n        active: true\n" in text
    assert "last_name: No1\n        display_name: Bob No1\n" in text
    assert "last_name: T\n        display_name: The Cy\n        active: false\n" in text
    assert () == following(result, live).conflicts


def test_a_domain_whose_fields_would_break_a_rule_keeps_its_own():
    """
    The rest of it is imported all the same.
    """
    mine = (
        f"users: [{{name: ann, uuid: {ANN}}}]\n"
        "domains:\n  - name: a.example\n    context: mine\n    owners: [ann]\n"
        "    features: [webmail, mailbox, alias]\n"
    )
    live = state(
        live_domain(
            box("ada"), context=None, delivery="relay", features=frozenset({"mailbox", "alias"})
        )
    )

    text = imported(live, mine).files["state/a.yaml"]

    assert (
        "    context: mine\n    features: [webmail, mailbox, alias]\n    owners: [ann]\n"
        "    mailboxes:\n      - local_part: ada\n"
    ) in text
    assert "would break a rule, context-without-webmail" in text


def test_an_alias_that_is_written_keeps_a_mailbox_out_of_its_way():
    """
    The files are right before, and stay so.
    """
    mine = (
        f"users: [{{name: ann, uuid: {ANN}}}]\n"
        "domains:\n  - name: a.example\n    owners: [ann]\n"
        "    aliases: [{local_part: ada, destinations: [x@y.test]}]\n"
    )
    live = state(live_domain(box("ada"), alias("ada", "x@y.test")))

    result = imported(live, mine)

    assert "left out, alias-over-mailbox" in result.files["state/a.yaml"]
    assert {} == again(live, result, mine).files


def test_a_loop_that_closes_in_what_was_written_takes_all_additions_back():
    """
    The cause cannot be told from the place, so nothing is added rather than something wrong.
    """
    mine = (
        f"users: [{{name: ann, uuid: {ANN}}}]\n"
        "domains:\n  - name: a.example\n    owners: [ann]\n"
        "    aliases: [{local_part: zz, destinations: [yy@a.example]},"
        " {local_part: yy, destinations: [x@y.test]}]\n"
    )
    live = state(
        live_domain(
            alias("zz", "yy@a.example"),
            alias("yy", "x@y.test"),
            alias("yy", "zz@a.example"),
            box("ada"),
        )
    )

    result = imported(live, mine)

    assert result.left_out != ()
    assert "zz@a.example" not in result.desired.domains[A].aliases


def test_our_comments_are_written_anew_and_others_stay_where_they_are():
    """
    What is no longer true is not said any longer.
    """
    half = box("half", first=None)
    before = imported(state(live_domain(half, half_made=[half])))
    name = "state/a.example.yaml"
    text = before.files[name].replace("    # import", "    # mine, too\n\n    # import")
    text += "    # mine\n"
    sources = [
        (name, text.encode()),
        ("state/users.yaml", before.files["state/users.yaml"].encode()),
    ]

    after = import_live(state(live_domain()), sources, directory="state", service_account=SERVICE)

    assert (
        text.replace(
            "    # import: left out, half-made in dimail (status broken): half@a.example\n",
            "",
        )
        == after.files[name]
    )


def test_values_that_are_shared_by_an_alias_change_for_one_alone():
    """
    `*team` on another domain still means what it meant.
    """
    mine = (
        f"users: [{{name: ann, uuid: {ANN}}}, {{name: ben, uuid: {BEN}}}]\n"
        "domains:\n"
        "  - {name: a.example, owners: &team [ann], mailboxes: &all [{local_part: x, first_name: X,"
        " last_name: &n Why}], context: *n, aliases: [{local_part: i, destinations: [d@e.test]}]}\n"
        "  - {name: b.example, owners: *team, mailboxes: *all, context: z}\n"
    )
    live = state(
        live_domain(box("x", "X", "Z"), box("new"), context="Why"),
        live_domain(box("x", "X", "Why", domain=B), name=B, context="z"),
        managers=(ANN, BEN),
    )
    live = LiveState(
        users=live.users,
        accesses={key: one for key, one in live.accesses.items() if key != access_key(B, BEN)},
        domains=live.domains,
    )

    result = imported(live, mine)
    a, b = (result.desired.domains[name] for name in (A, B))

    assert ([2, 1], ["Z", "Why"]) == (
        [len(one.roles) for one in (a, b)],
        [one.mailboxes[box("x", domain=one.domain.name).key].last_name for one in (a, b)],
    )
    assert user_id(BEN) in a.roles


def test_files_that_are_not_valid_are_not_touched():
    """
    Their problems come first.
    """
    with pytest.raises(FilesError):
        imported(state(live_domain()), "users: {}\n")


def test_only_what_was_asked_for_is_gone():
    """
    A domain that was not looked for may be there.
    """
    text = MINE.replace("a.example", "b.example")

    assert () == imported(state(live_domain()), text, OTHERS, asked={A}).gone
    assert ("domain/b.example",) == imported(state(live_domain()), text, OTHERS).gone


def test_files_in_the_working_directory_have_no_folder():
    """
    As the reader names them.
    """
    result = import_live(state(live_domain()), [], directory=".", service_account=SERVICE)

    assert ["a.example.yaml", "users.yaml"] == list(result.files)
