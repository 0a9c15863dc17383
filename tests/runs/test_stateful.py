"""
Runs without end: the files change, others change the server, and mailstate is run in between.

The commands are called as the command line calls them, over real HTTP; the sandbox's log of
effects is the witness of what the server really did.
"""

import json
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from mailstate.errors import ExitCode
from mailstate.sandbox import PROFILES, Sandbox
from tests.cli.support import ALICE, BOB, CLEO, Place

DOMAINS = ("a.example", "b.example")
PEOPLE = {"alice.martin": ALICE, "bob.durand": BOB, "cleo.petit": CLEO}
LOCAL_PARTS = ("ada", "bob", "zoe")
STRANGERS = ("max", "eve")
OUTSIDE = "somebody@elsewhere.test"
FEATURES = (["webmail", "mailbox", "alias"], ["mailbox", "alias"])

_stack = ExitStack()


def setup_module():
    Runs.sandboxes = {
        profile: _stack.enter_context(Sandbox(profile=profile, seed=7)) for profile in PROFILES
    }


def teardown_module():
    _stack.close()


domains = st.sampled_from(DOMAINS)
local_parts = st.sampled_from(LOCAL_PARTS)
anyone = st.sampled_from((*LOCAL_PARTS, *STRANGERS))
people = st.sampled_from(sorted(PEOPLE))
surnames = st.sampled_from(("Martin", "Roux"))


class Runs(RuleBasedStateMachine):
    """
    Files, a server, and whoever else works on either.

    `removed` says of each object that others took away after which effect they did it.
    """

    sandboxes: ClassVar[Mapping[str, Sandbox]] = {}
    """A running one of each profile."""

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="runs-"))
        self.files = {}
        self.removed = {}

    def teardown(self):
        shutil.rmtree(self.folder)

    @initialize(
        profile=st.sampled_from(PROFILES),
        both=st.booleans(),
        features=st.sampled_from(FEATURES),
        is_published=st.booleans(),
    )
    def begin(self, profile, both, features, is_published):
        self.profile = profile
        self.sandbox = self.sandboxes[profile]
        self.sandbox.reset()
        self.store = self.sandbox.store
        self.place = Place(self.folder, self.sandbox)
        (self.folder / "state/commune.yaml").unlink()
        if profile == "2024":
            self.place.write("mailstate.toml", "assume_enabled = true\n")
        for domain in DOMAINS if both else DOMAINS[:1]:
            self.declare(domain, features)
            if is_published:
                self.sandbox.publish_dns(domain)
        self.write()

    # The files change.

    def declare(self, domain, features):
        self.files[domain] = {
            "name": domain,
            "features": features,
            "owners": ["alice.martin"],
            "disabled": False,
            "accesses": [],
            "mailboxes": [{"local_part": "ada", "first_name": "Ada", "last_name": "Martin"}],
            "aliases": [{"local_part": "contact", "destinations": [f"ada@{domain}"]}],
        }

    def write(self):
        for path in (self.folder / "state").glob("*.example.yaml"):
            path.unlink()
        for domain, entry in self.files.items():
            # An alias leads to what is there, whatever was taken away since.
            addresses = {f"{box['local_part']}@{domain}" for box in entry["mailboxes"]}
            aliases = [
                alias
                for alias in entry["aliases"]
                if {*alias["destinations"]} <= {*addresses, OUTSIDE}
            ]
            document = {"domains": [{**entry, "aliases": aliases}]}
            self.place.write(f"state/{domain}.yaml", json.dumps(document))

    @rule(domain=domains, features=st.sampled_from(FEATURES))
    def files_declare_a_domain_or_forget_it(self, domain, features):
        if domain not in self.files:
            self.declare(domain, features)
        elif len(self.files) > 1:
            del self.files[domain]
        self.write()

    @rule(domain=domains, disabled=st.booleans())
    def files_disable_a_domain(self, domain, disabled):
        if domain in self.files:
            self.files[domain]["disabled"] = disabled
            self.write()

    @rule(domain=domains, person=people, role=st.sampled_from(["administrator", "viewer", None]))
    def files_give_a_role(self, domain, person, role):
        if domain in self.files and person != "alice.martin":
            kept = [one for one in self.files[domain]["accesses"] if one["user"] != person]
            self.files[domain]["accesses"] = kept + (
                [{"user": person, "role": role}] if role else []
            )
            self.write()

    @rule(
        domain=domains,
        local_part=local_parts,
        surname=surnames,
        own=st.booleans(),
        active=st.sampled_from([True, True, False]),
    )
    def files_ask_for_a_mailbox(self, domain, local_part, surname, own, active):
        if domain in self.files:
            self.forget(domain, local_part)
            first = local_part.title()
            box = {"local_part": local_part, "first_name": first, "last_name": surname}
            if own:
                box["display_name"] = f"{surname}, {first}"
            if self.profile == "2026":
                box["active"] = active
            self.files[domain]["mailboxes"].append(box)
            self.write()

    @rule(domain=domains, local_part=local_parts)
    def files_forget_a_mailbox(self, domain, local_part):
        if domain in self.files:
            self.forget(domain, local_part)
            self.write()

    def forget(self, domain, local_part):
        boxes = self.files[domain]["mailboxes"]
        boxes[:] = [box for box in boxes if box["local_part"] != local_part]

    @rule(domain=domains, to=st.sampled_from([*LOCAL_PARTS, None]))
    def files_ask_for_an_alias(self, domain, to):
        if domain in self.files:
            destination = f"{to}@{domain}" if to else OUTSIDE
            self.files[domain]["aliases"] = [
                {"local_part": "contact", "destinations": [destination]}
            ]
            self.write()

    # Others change the server.

    def note_removal(self, *objects):
        for one in objects:
            self.removed.setdefault(one, []).append(self.store.effects.count())

    def exists(self, domain):
        return self.store.api.domain(domain) is not None

    @rule(domain=domains, features=st.sampled_from(FEATURES), state=st.sampled_from(["new", "ok"]))
    def others_add_a_domain(self, domain, features, state):
        if not self.exists(domain):
            self.store.add_domain(domain, features=features, state=state)

    @rule(domain=domains, local_part=anyone, surname=surnames)
    def others_add_a_mailbox(self, domain, local_part, surname):
        if self.exists(domain) and not self.has_any_half(domain, local_part):
            first = local_part.title()
            self.store.add_mailbox(domain, local_part, given_name=first, sur_name=surname)

    @rule(domain=domains, local_part=anyone)
    def others_remove_a_mailbox(self, domain, local_part):
        if self.exists(domain) and self.store.remove_mailbox(domain, local_part):
            self.note_removal(f"{local_part}@{domain}")

    @rule(domain=domains, local_part=anyone, half=st.sampled_from(["ox", "dovecot"]))
    def others_leave_half_a_mailbox(self, domain, local_part, half):
        if self.exists(domain) and self.store.remove_mailbox(domain, local_part, half=half):
            self.note_removal(f"{local_part}@{domain}")

    def has_any_half(self, domain, local_part):
        context = self.store.ox.context_of(domain)
        email = f"{local_part}@{domain}"
        return bool(
            self.store.mail.mailbox(domain, local_part)
            or (context and self.store.ox.user(context, email))
        )

    @rule(domain=domains, local_part=anyone, active=st.sampled_from(["yes", "no"]))
    def others_switch_a_mailbox(self, domain, local_part, active):
        if self.exists(domain) and self.profile == "2026" and active == "no":
            self.store.set_active(domain, local_part, active)

    @rule(domain=domains, local_part=local_parts, surname=surnames)
    def others_rename_somebody(self, domain, local_part, surname):
        context = self.store.ox.context_of(domain)
        account = context and self.store.ox.user(context, f"{local_part}@{domain}")
        if context and account:
            renamed = {"sur_name": surname, "display_name": f"{account.given_name} {surname}"}
            self.store.ox.update(context, account.__class__(**{**vars_of(account), **renamed}))

    @rule(domain=domains, name=st.sampled_from(["contact", "old"]), to=local_parts)
    def others_add_an_alias(self, domain, name, to):
        destination = f"{to}@{domain}"
        known = {(one.user_name, one.destination) for one in self.store.mail.aliases(domain)}
        if self.exists(domain) and (name, destination) not in known:
            self.store.add_alias(domain, name, destination)

    @rule(domain=domains, to=st.sampled_from([*LOCAL_PARTS, None]))
    def others_remove_an_alias(self, domain, to):
        destination = f"{to}@{domain}" if to else OUTSIDE
        if self.store.remove_alias(domain, "contact", destination):
            self.note_removal(f"contact@{domain}/{destination}")

    @rule(domain=domains, person=people)
    def others_remove_an_access(self, domain, person):
        if self.store.remove_allow(PEOPLE[person], domain):
            self.note_removal(f"{domain}/{PEOPLE[person]}")

    @rule(domain=domains)
    def others_remove_our_access(self, domain):
        if self.store.remove_allow(self.sandbox.username, domain):
            self.note_removal(f"{domain}/{self.sandbox.username}")

    @rule(person=people)
    def others_remove_a_user(self, person):
        uuid = PEOPLE[person]
        if self.store.remove_user(uuid):
            self.note_removal(uuid, *(f"{domain}/{uuid}" for domain in DOMAINS))

    @rule(domain=domains)
    def others_publish_the_dns(self, domain):
        self.sandbox.publish_dns(domain)

    @rule(domain=domains)
    def others_withdraw_the_dns(self, domain):
        self.sandbox.remove_record(domain, "mx")

    @rule(domain=domains, ok=st.booleans(), fixable=st.booleans())
    def others_touch_the_internal_checks(self, domain, ok, fixable):
        if self.profile == "2026":
            self.sandbox.set_internal(domain, "cert", ok=ok, fixable=fixable)

    # mailstate is run.

    @rule()
    def a_plan_is_made(self):
        ran = self.place.call("plan", "--detailed-exitcode")

        assert ran.code in {
            ExitCode.OK,
            ExitCode.CHANGES,
            ExitCode.WAITING,
            ExitCode.REFUSED,
        }, ran

    @rule()
    def the_domains_work_and_it_is_applied(self):
        for domain in DOMAINS:
            self.sandbox.publish_dns(domain)
        self.it_is_applied()

    @rule(domain=domains, fixable=st.booleans())
    def only_the_provider_has_work_left_and_it_is_applied(self, domain, fixable):
        self.sandbox.publish_dns(domain)
        if self.profile == "2026":
            self.sandbox.set_internal(domain, "cert", ok=False, fixable=fixable)
        self.it_is_applied()

    @rule()
    def it_is_applied(self):
        before = self.plan()["summary"]
        ran = self.place.call("apply", "--yes", "--format", "json")
        outcomes, counts = ran.json["outcomes"], ran.json["summary"]
        planned = sum(before[part] for part in ("create", "update", "delete", "held"))

        # Without faults nothing fails; a guard may refuse.
        assert ran.code in {ExitCode.OK, ExitCode.REFUSED}, (ran.err, outcomes)
        assert planned == counts["planned"] == len(outcomes)
        assert planned == counts["applied"] + counts["held"]

        after = self.plan()
        # What could not be read before its access may turn out to be otherwise: planned anew.
        overtaken = {one["address"] for one in outcomes if "plan again" in (one["detail"] or "")}
        assert {one["address"] for one in after["changes"]} <= overtaken

    def plan(self):
        ran = self.place.call("plan", "--format", "json")

        assert ran.code == ExitCode.OK, ran.err
        return ran.json

    @invariant()
    def nothing_is_made_twice_or_too_soon_and_nothing_is_deleted(self):
        made: dict[tuple[str, str], int] = {}
        for effect in self.sandbox.effects():
            assert effect.action != "delete"
            if effect.action != "create":
                continue
            if effect.kind in {"mailbox", "alias"} and self.profile != "2024":
                assert effect.domain_state == "ok", effect
            before = made.get((effect.kind, effect.object))
            if before is not None:
                removals = self.removed.get(effect.object, [])
                assert any(before <= removal < effect.number for removal in removals), effect
            made[effect.kind, effect.object] = effect.number


def vars_of(account):
    """Give the fields of a dataclass that has slots."""
    return {name: getattr(account, name) for name in account.__slots__}


# A failure is made smaller before it is shown, which takes its time.
TestRuns = pytest.mark.timeout(900)(Runs.TestCase)
TestRuns.settings = settings(
    max_examples=max(10, settings().max_examples * 2 // 3), stateful_step_count=20
)


ENTRIES = [
    {
        "name": domain,
        "owners": ["alice.martin"],
        "accesses": [{"user": "bob.durand", "role": "administrator"}],
        "mailboxes": [
            {"local_part": name, "first_name": name.title(), "last_name": surname}
            for name in LOCAL_PARTS
        ],
        "aliases": [
            {"local_part": "contact", "destinations": [f"ada@{domain}", f"zoe@{domain}", OUTSIDE]}
        ],
    }
    for domain, surname in zip(DOMAINS, ("Martin", "Roux"), strict=True)
]


def without_places(text):
    """Give a plan without what tells where its entries are written, and its digest."""
    plan = json.loads(text)
    for part in ("changes", "held", "conflicts", "unmanaged", "refused"):
        for entry in plan[part]:
            entry["origin"] = None
    return {**plan, "digest": None}


@settings(max_examples=max(5, settings().max_examples // 10))
@given(data=st.data(), seed=st.integers(min_value=0, max_value=2**32))
def test_the_order_of_files_and_lists_makes_no_difference(tmp_path_factory, data, seed):
    """
    The same bytes for lists in another order; but for line numbers, for entries in another order.
    """
    with ExitStack() as stack:
        texts = []
        for number in range(3):
            sandbox = stack.enter_context(Sandbox(seed=seed + number % 2))
            place = Place(tmp_path_factory.mktemp("order"), sandbox)
            (place.folder / "state/commune.yaml").unlink()
            for domain in DOMAINS:
                sandbox.store.add_domain(domain, state="ok", context="shared.example")
                sandbox.store.add_allow(sandbox.username, domain)
                for name in data.draw(st.permutations(STRANGERS)):
                    sandbox.store.add_mailbox(domain, name, given_name=name, sur_name=domain)
            entries = ENTRIES
            if number == 2:
                entries = [
                    {
                        key: data.draw(st.permutations(value)) if isinstance(value, list) else value
                        for key, value in entry.items()
                    }
                    for entry in data.draw(st.permutations(ENTRIES))
                ]
            name = "state/domains.yaml" if number < 2 else "state/a/z.yml"
            place.write(name, json.dumps({"domains": entries}, indent=1))
            ran = place.call("plan", "--format", "json")
            assert ran.code == ExitCode.OK, ran.err
            texts.append(ran.out.replace(sandbox.url, "http://DIMAIL"))

        strip = [without_places(text) for text in texts]
        assert strip[0] == strip[1] == strip[2]
        digests = [json.loads(text)["digest"] for text in texts]
        assert len(digests) == 3
        same = [text.replace(digest, "") for text, digest in zip(texts, digests, strict=True)]
        assert same[0] == same[1]
