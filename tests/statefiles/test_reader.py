"""From documents to a desired state: defaults, places, order, and faults without follow-ups."""

import random
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstate.errors import Place
from mailstate.model.resources import (
    Alias,
    Domain,
    DomainName,
    Key,
    Mailbox,
    Role,
    User,
    UserId,
    access_key,
)
from mailstate.model.state import Person
from mailstate.statefiles import read, read_sources
from tests.statefiles.corpus import CORPUS, USERS, lines, read_texts, rules

ALICE = UserId("5e0c2f6e-3c1b-4f0a-9d3e-1f2a3b4c5d6e")
BOB = UserId("0d9f1a52-7b64-4d0e-8a3f-c21b5e90d7a4")


def desired(*texts):
    """The desired state of texts that have no faults."""
    reading = read_texts(*texts)
    assert [] == lines(reading.problems)
    assert reading.desired is not None
    return reading.desired


def only_domain(text):
    """The one domain that *text* declares."""
    (domain,) = desired(USERS, text).domains.values()
    return domain


def test_the_defaults_are_those_of_the_design():
    """
    Three features, virtual delivery, the domain's name as its context, nothing disabled.
    """
    domain = only_domain("domains:\n  - {name: évry.example, owners: [alice]}\n")

    assert domain.domain == Domain(
        name=DomainName("xn--vry-9la.example"),
        features=frozenset({"webmail", "mailbox", "alias"}),
        context="xn--vry-9la.example",
        delivery="virtual",
    )
    assert not domain.disabled
    assert domain.support_email is None


def test_a_domain_without_webmail_has_no_context():
    """
    Dimail ignores it there (contract §5.1).
    """
    domain = only_domain("domains:\n  - {name: a.example, owners: [alice], features: [mailbox]}\n")

    assert domain.domain.context is None
    assert frozenset({"mailbox"}) == domain.domain.features


def test_a_mailbox_has_all_that_is_written_in_nfc():
    """
    Text is sent in NFC, and the display name follows from first and last name.
    """
    domain = only_domain(
        "domains:\n"
        "  - name: a.example\n"
        "    owners: [alice]\n"
        "    mailboxes:\n"
        "      - local_part: elodie\n"
        "        first_name: E\u0301lodie\n"
        "        last_name: Le Goff\n"
        "        secondary_email: E.LeGoff@Élysée.example\n"
        "      - local_part: info\n"
        "        first_name: Service\n"
        "        last_name: Accueil\n"
        "        display_name: Mairie\n"
        "        active: false\n"
    )

    assert [
        Mailbox(
            domain=DomainName("a.example"),
            local_part="elodie",
            first_name="Élodie",
            last_name="Le Goff",
            display_name="Élodie Le Goff",
            active=True,
            secondary_email="E.LeGoff@xn--lyse-9oad.example",
        ),
        Mailbox(
            domain=DomainName("a.example"),
            local_part="info",
            first_name="Service",
            last_name="Accueil",
            display_name="Mairie",
            active=False,
        ),
    ] == list(domain.mailboxes.values())
    assert Place("b.yaml", 5, 21) == domain.places[Key("mailbox/elodie@a.example")]


def test_an_alias_has_one_resource_for_each_destination():
    """
    Destinations in lower case and A-labels, each with its own place.
    """
    domain = only_domain(
        "domains:\n"
        "  - name: a.example\n"
        "    owners: [alice]\n"
        "    aliases:\n"
        "      - {local_part: contact, destinations: [X@Élysée.example, devnull@devnull]}\n"
    )
    key = Key("alias/contact@a.example/x@xn--lyse-9oad.example")

    assert {key, Key("alias/contact@a.example/devnull@devnull")} == set(domain.aliases)
    assert domain.aliases[key] == Alias(
        domain=DomainName("a.example"), local_part="contact", destination="x@xn--lyse-9oad.example"
    )
    assert Place("b.yaml", 5, 46) == domain.places[key]


def test_people_and_roles_are_known_by_their_uuid():
    """
    The user's name is the uuid as it is written, roles are by its canonical form.
    """
    users = "users:\n  - {name: bob, uuid: 0D9F1A527B644D0E8A3FC21B5E90D7A4, email: b@B.example}\n"
    domain = (
        "domains:\n"
        "  - name: a.example\n"
        "    owners: [alice]\n"
        "    accesses: [{user: bob, role: viewer}]\n"
    )
    alice = "users:\n  - {name: alice, uuid: 5e0c2f6e-3c1b-4f0a-9d3e-1f2a3b4c5d6e}\n"

    state = desired(users, domain, alice)

    assert state.people[BOB] == Person(
        handle="bob",
        user=User(name="0D9F1A527B644D0E8A3FC21B5E90D7A4"),
        email="b@b.example",
        place=Place("a.yaml", 2, 12),
    )
    (found,) = state.domains.values()
    assert {ALICE: Role.OWNER, BOB: Role.VIEWER} == found.roles
    assert Place("b.yaml", 2, 11) == found.places[found.domain.key]
    assert Place("b.yaml", 3, 14) == found.places[access_key(found.domain.name, ALICE)]
    assert Place("b.yaml", 4, 23) == found.places[access_key(found.domain.name, BOB)]


def test_an_entry_written_once_and_used_twice_is_told_at_its_alias():
    """
    A mailbox that a YAML alias repeats is a mailbox declared twice, at the alias.
    """
    reading = read_texts(
        USERS,
        "domains:\n"
        "  - name: a.example\n"
        "    owners: [alice]\n"
        "    mailboxes:\n"
        "      - &m {local_part: jean, first_name: Jean, last_name: Dupont}\n"
        "      - *m\n",
    )

    first = "first at b.yaml:5:25"
    assert [
        f"6:9 mailbox-declared-twice: the mailbox `jean@a.example` is declared twice: {first}"
    ] == lines(reading.problems)


DOMAINS = st.lists(st.sampled_from("abcd"), unique=True, min_size=1)


def entry(name, mailboxes, aliases):
    """A domain with these mailboxes and aliases, as lines of YAML."""
    found = [f"  - name: {name}.example", "    owners: [alice]", "    mailboxes:"]
    found += [
        f"      - {{local_part: {m}, first_name: {m.upper()}, last_name: X}}" for m in mailboxes
    ]
    found += ["    aliases:"]
    found += [f"      - {{local_part: z{a}, destinations: [x@perso.example]}}" for a in aliases]
    return "\n".join(found) + "\n"


@given(DOMAINS, st.randoms(use_true_random=False))
def test_the_order_of_files_and_entries_means_nothing(names, chance):
    """
    Shuffled files, domains, users, mailboxes and aliases give equal states in equal order.
    """

    def shuffled(values, how):
        values = list(values)
        how.shuffle(values)
        return values

    def state(how):
        texts = [
            "domains:\n" + entry(name, shuffled("klmo", how), shuffled("op", how)) for name in names
        ]
        texts.append(USERS)
        return desired(*shuffled(texts, how))

    one, other = state(random.Random(1)), state(chance)

    assert list(one.people) == list(other.people)
    assert list(one.domains) == list(other.domains) == sorted(one.domains)
    for name, domain in one.domains.items():
        found = other.domains[name]
        assert domain.domain == found.domain
        assert list(domain.roles.items()) == list(found.roles.items())
        assert list(domain.mailboxes.items()) == list(found.mailboxes.items())
        assert list(domain.aliases.items()) == list(found.aliases.items())
        assert list(domain.places) == list(found.places)


@given(st.permutations(sorted((CORPUS / "bad").glob("*.yaml"))[:40]))
def test_the_order_in_which_files_are_given_changes_no_problem(paths):
    """
    Problems are the same, in the order of their places.
    """
    sources = {path.name: path.read_bytes() for path in paths}

    reading = read_sources(sources.items())

    assert read_sources(sorted(sources.items())) == reading
    assert sorted(p.place for p in reading.problems) == [p.place for p in reading.problems]


@pytest.mark.parametrize(
    "users",
    [
        "users: [",
        "users:\n",
        "user: []\n",
        "users: {}\n",
        "users:\n  - uuid: 5e0c2f6e-3c1b-4f0a-9d3e-1f2a3b4c5d6e\n",
        "users: [alice]\n",
        "users: []\nusers: []\n",
        "domains: []\n<<: x\n",
        "",
        "- users\n",
        "\x00",
    ],
)
def test_no_handle_is_unknown_while_a_user_may_be_missing(users):
    """
    One fault in the file of users is one problem, not one for each domain.
    """
    reading = read_texts(users, "domains:\n  - {name: a.example, owners: [alice]}\n")

    assert "unknown-handle" not in rules(reading)
    assert {"a.yaml"} == {problem.place.file for problem in reading.problems}


@pytest.mark.parametrize(
    "rest",
    [
        "    mailbox: []\n",
        "    mailboxes:\n",
        "    mailboxes: [jean]\n",
        "    mailboxes: [{first_name: Jean, last_name: D}]\n",
        "    mailboxes: []\n    mailboxes: []\n",
        "    aliases: jean\n",
    ],
)
def test_no_destination_is_nowhere_while_an_address_may_be_missing(rest):
    """
    Destinations on a domain that is not understood are not doubted.
    """
    reading = read_texts(
        USERS,
        "domains:\n"
        "  - name: b.example\n"
        "    owners: [alice]\n"
        "    aliases: [{local_part: c, destinations: [jean@a.example]}]\n",
        f"domains:\n  - name: a.example\n    owners: [alice]\n{rest}",
    )

    assert {"c.yaml"} == {problem.place.file for problem in reading.problems}


def test_each_destination_that_is_nowhere_is_told():
    """
    With the address that was meant, if one is near.
    """
    reading = read_texts(
        USERS,
        "domains:\n"
        "  - name: a.example\n"
        "    owners: [alice]\n"
        "    mailboxes: [{local_part: jean, first_name: Jean, last_name: D}]\n"
        "    aliases: [{local_part: c, destinations: [jan@a.example, zzz@a.example]}]\n",
    )

    where = "does not exist: `a.example` declares no such address"
    assert [
        f"5:46 destination-nowhere: `jan@a.example` {where} (did you mean `jean@a.example`?)",
        f"5:61 destination-nowhere: `zzz@a.example` {where}",
    ] == lines(reading.problems)


def test_faults_of_one_file_hide_none_of_another():
    """
    A file that is no YAML keeps nobody from hearing of all the others.
    """
    reading = read_texts(
        USERS,
        "broken: [",
        "domains:\n  - {name: A.example, owners: [alice], mailboxes: []}\n",
        "domains:\n  - {name: b.example, owners: [alice], context: ' x'}\n"
        "  - {name: b.example, owners: [alice]}\n",
    )

    assert ["yaml/syntax", "domain-form", "text-blank-ends", "domain-declared-twice"] == rules(
        reading
    )


SEEDS = {
    "domain-form": "  - {name: A%d.example, owners: [alice]}\n",
    "unknown-handle": "  - {name: b%d.example, owners: [nobody]}\n",
    "schema/unknown-field": "  - {name: c%d.example, owners: [alice], zzzzz: x}\n",
    "yaml/ambiguous-scalar": "  - {name: d%d.example, owners: [alice], disabled: no}\n",
    "domain-without-owner": "  - {name: e%d.example, owners: []}\n",
    "schema/unknown-value": "  - {name: f%d.example, owners: [alice], delivery: pigeon}\n",
    "yaml/duplicate-key": "  - {name: g%d.example, owners: [bob], context: x, context: z}\n",
    "text-blank": "  - {name: h%d.example, owners: [alice], context: ''}\n",
    "schema/missing-field": "  - {owners: [alice]} # %d\n",
    "schema/wrong-type": "  - {name: i%d.example, owners: [alice], mailboxes: none}\n",
    "alias-loop": "  - {name: j%d.example, owners: [alice], aliases: [{local_part: a,"
    " destinations: [a@j%d.example]}]}\n",
    "context-without-webmail": "  - {name: k%d.example, owners: [bob], features: [], context: x}\n",
}


@given(st.lists(st.sampled_from(sorted(SEEDS)), max_size=200), st.integers(1, 5))
def test_each_of_many_faults_is_told(faults, files):
    """
    N independent faults, in any number of files, give exactly N problems.
    """
    texts = ["domains: []\n" for _ in range(files)]
    for i, fault in enumerate(faults):
        seed = SEEDS[fault]
        texts[i % files] = texts[i % files].replace("domains: []\n", "domains:\n")
        texts[i % files] += seed.replace("%d", str(i))

    reading = read_texts(USERS, *texts)

    assert sorted(faults) == sorted(rules(reading))


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("  - no\n", "yaml/ambiguous-scalar"),
        ("  - 'x'\t\n", "yaml/tab"),
        ("  - {}\n", "schema/missing-field"),
        ("# \x01\n", "yaml/control-character"),
    ],
)
def test_endless_faults_come_to_an_end(line, rule):
    """
    After 5,000 problems one more says that there are others.
    """
    reading = read_texts("users:\n" + line * 5_500)

    assert 5_001 == len(reading.problems)
    assert 1 == rules(reading).count("file/too-many-problems")
    assert rule in rules(reading)


def test_a_syntax_error_after_endless_faults_is_one_too_many():
    """
    Also where the parser stops by itself.
    """
    reading = read_texts("users:\n" + "  - no\n" * 5_001 + "  - [")

    assert 1 == rules(reading).count("file/too-many-problems")


def test_a_handle_that_thousands_of_domains_misspell_is_looked_up_once():
    """
    "Did you mean" costs no minutes, and is said at each place.
    """
    users = "users:\n" + "".join(
        f"  - {{name: user{i}, uuid: 5e0c2f6e-3c1b-4f0a-9d3e-{i:012x}}}\n" for i in range(2_000)
    )
    domains = "domains:\n" + "".join(
        f"  - {{name: d{i}.example, owners: [usr{i % 100}]}}\n" for i in range(2_000)
    )

    reading = read_texts(users, domains)

    assert {"unknown-handle"} == set(rules(reading))
    assert 1_000 == sum("did you mean" in problem.message for problem in reading.problems)


def test_two_domains_may_share_a_context():
    """
    Names are then unique over both, and only over those with webmail.
    """
    box = "mailboxes: [{local_part: %s, first_name: Jean, last_name: Dupont}]"
    reading = read_texts(
        USERS,
        "domains:\n"
        f"  - {{name: a.example, owners: [alice], context: x, {box % 'a'}}}\n"
        f"  - {{name: b.example, owners: [alice], context: z, {box % 'b'}}}\n"
        f"  - {{name: c.example, owners: [alice], features: [mailbox], {box % 'c'}}}\n"
        f"  - {{name: d.example, owners: [alice], context: x, {box % 'd'}}}\n",
    )

    assert [("b.yaml", 5, "full-name-not-unique")] == [
        (p.place.file, p.place.line, p.rule) for p in reading.problems
    ]


def test_names_and_display_names_that_clash_are_each_told():
    """
    A display name that was written is told beside the full name it does not follow from.
    """
    reading = read_texts(
        USERS,
        "domains:\n"
        "  - name: a.example\n"
        "    owners: [alice]\n"
        "    mailboxes:\n"
        "      - {local_part: a, first_name: Jean, last_name: Dupont, display_name: J. D.}\n"
        "      - {local_part: b, first_name: jean, last_name: dupont, display_name: j. d.}\n"
        "      - {local_part: c, first_name: Jeanne, last_name: Durand}\n"
        "      - {local_part: d, first_name: jeanne, last_name: durand}\n"
        "      - {local_part: e, first_name: Jim, last_name: Dale, display_name: JEANNE DURAND}\n",
    )

    assert [
        (6, "full-name-not-unique"),
        (6, "display-name-not-unique"),
        (8, "full-name-not-unique"),
        (9, "display-name-not-unique"),
    ] == [(p.place.line, p.rule) for p in reading.problems]


def test_a_warning_alone_leaves_the_state_as_it_is():
    """
    Warnings are shown; the files are valid.
    """
    reading = read_texts(
        USERS,
        "domains:\n"
        + "".join(
            f"  - {{name: {d}.example, owners: [alice], context: x, mailboxes: [{{local_part: jean,"
            f" first_name: Jean, last_name: {d}}}]}}\n"
            for d in "ab"
        ),
    )

    assert ["local-part-in-context"] == rules(reading)
    assert reading.desired is not None


@pytest.mark.parametrize("length", [3, 9])
def test_a_loop_of_many_aliases_is_told_once(length):
    """
    Long ways are cut, and no chain is too long.
    """
    aliases = "".join(
        f"      - {{local_part: a{i:02}, destinations: [a{(i + 1) % length:02}@a.example]}}\n"
        for i in range(length)
    )

    reading = read_texts(
        USERS, f"domains:\n  - name: a.example\n    owners: [alice]\n    aliases:\n{aliases}"
    )

    assert ["alias-loop"] == rules(reading)
    assert ("…" in reading.problems[0].message) == (length > 5)


def test_a_chain_of_thousands_of_aliases_is_followed():
    """
    No recursion: a chain may be as long as a file.
    """
    count = 3_000
    aliases = "".join(
        f"      - {{local_part: a{i}, destinations: [a{i + 1}@a.example]}}\n" for i in range(count)
    )
    last = f"      - {{local_part: a{count}, destinations: [x@perso.example]}}\n"

    reading = read_texts(
        USERS, f"domains:\n  - name: a.example\n    owners: [alice]\n    aliases:\n{aliases}{last}"
    )

    assert [] == lines(reading.problems)


def test_rules_go_on_where_a_mailbox_or_alias_lacks_a_field():
    """
    An entry that is not whole is told as such, and its neighbours are looked at all the same.
    """
    reading = read_texts(
        USERS,
        "domains:\n"
        "  - name: a.example\n"
        "    owners: [alice]\n"
        "    mailboxes:\n"
        "      - {local_part: a, first_name: A}\n"
        "      - {local_part: a, first_name: A, last_name: B}\n"
        "    aliases:\n"
        "      - {destinations: [x@b.example]}\n"
        "      - {local_part: b, destinations: [x@b.example]}\n"
        "      - {local_part: b, destinations: [x@b.example]}\n",
    )

    assert [
        (5, "schema/missing-field"),
        (6, "mailbox-declared-twice"),
        (8, "schema/missing-field"),
        (10, "alias-declared-twice"),
    ] == [(p.place.line, p.rule) for p in reading.problems]


def test_rules_go_on_where_a_domain_has_no_good_name():
    """
    Mailboxes and aliases of a domain that is misspelt, or has no name, are looked at all the same.
    """
    on_it = (
        "    mailboxes:\n"
        "      - {local_part: a, first_name: A, last_name: B, secondary_email: x@perso.example}\n"
        "      - {local_part: a, first_name: C, last_name: D}\n"
        "      - {first_name: E, last_name: F}\n"
        "      - {local_part: g, first_name: G}\n"
        "    aliases:\n"
        "      - {local_part: z, destinations: [x@b.example, x@b.example]}\n"
    )
    reading = read_texts(
        USERS,
        f"domains:\n  - name: A.example\n    owners: [alice]\n{on_it}",
        f"domains:\n  - owners: []\n{on_it}",
    )

    assert [
        ("b.yaml", "domain-form"),
        ("b.yaml", "mailbox-declared-twice"),
        ("b.yaml", "schema/missing-field"),
        ("b.yaml", "schema/missing-field"),
        ("b.yaml", "destination-declared-twice"),
        ("c.yaml", "schema/missing-field"),
        ("c.yaml", "domain-without-owner"),
        ("c.yaml", "schema/missing-field"),
        ("c.yaml", "schema/missing-field"),
        ("c.yaml", "destination-declared-twice"),
    ] == [(p.place.file, p.rule) for p in reading.problems]


def test_the_example_is_in_order():
    """
    The files in `state/` are read without a word, and show what the product is about.
    """
    state = Path(__file__).parents[2] / "state"
    reading = read([state])

    assert [] == lines(reading.problems)
    assert reading.desired is not None
    domains = reading.desired.domains.values()
    assert len(domains) >= 6
    assert len(reading.desired.people) >= 10
    assert sum(len(domain.mailboxes) for domain in domains) >= 60
    assert [True] == [domain.disabled for domain in domains if domain.disabled]
    assert all(box.active for domain in domains for box in domain.mailboxes.values())
    contexts = [domain.domain.context for domain in domains]
    assert len(set(contexts)) < len(contexts)
    assert all(name.endswith(".example") for name in reading.desired.domains)
    assert all(UUID(person.user.name) for person in reading.desired.people.values())
    for path in state.rglob("*.yaml"):
        schema = path.read_text().partition("$schema=")[2].partition("\n")[0]
        assert (path.parent / schema).resolve() == state.parent / "schema" / "state.schema.json"
