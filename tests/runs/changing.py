"""A place with something to do of every kind, and what may happen to it before it is done."""

import json
from typing import Any

from mailstate.reporting.plan_json import digest
from mailstate.sandbox import Sandbox
from tests.cli.support import ALICE, BOB, CLEO, Place

A, B, C = "a.example", "b.example", "c.example"
PLAN = "plan.json"
DORA = "8b3f5c91-6f4e-4c3d-8a61-4c5d6e7f8091"


class World(Place):
    """A place of which files, dimail, settings and options can be changed by one word each."""

    def __init__(self, folder, sandbox, other):
        sandbox.reset()
        super().__init__(folder, sandbox)
        self.other: Sandbox = other
        (folder / "state/commune.yaml").unlink()
        (folder / "state/users.yaml").unlink()
        self.store = self.sandbox.store
        self.options: list[str] = []
        self.env: dict[str, str] = {}
        self.toml: dict[str, Any] = {
            "max_removals": 20,
            "max_removals_percent": 100,
            "service_account": "la_regie",
        }
        self.toml |= {"assume_enabled": True} if sandbox.profile == "2024" else {}
        self.users = {"alice": {"uuid": ALICE}, "bob": {"uuid": BOB}, "cleo": {"uuid": CLEO}}
        ada = {"local_part": "ada", "first_name": "Ada", "last_name": "Roux"}
        zoe = {"local_part": "zoe", "first_name": "Zoé", "last_name": "Blanc"}
        max_ = {"local_part": "max", "first_name": "Max", "last_name": "Noir"}
        self.ada = {**ada, "secondary_email": "ada@home.test"}
        self.zoe = {**zoe, "display_name": "Blanc, Zoé"}
        self.alias = {"local_part": "info", "destinations": [f"ada@{A}"]}
        self.a: dict[str, Any] = {
            "owners": ["alice"],
            "accesses": [{"user": "bob", "role": "administrator"}],
            "mailboxes": [self.ada, self.zoe],
            "aliases": [self.alias],
        }
        self.b: dict[str, Any] = {"owners": ["alice"], "mailboxes": [max_]}
        self.files: dict[str, dict[str, dict[str, Any]]] = {
            "a.yaml": {A: self.a},
            "b.yaml": {B: self.b},
        }
        self.is_flow = True
        self.store.add_user(ALICE)
        self.store.add_domain(A, state="ok")
        self.store.add_allow(ALICE, A)
        self.store.add_allow("la_regie", A)
        self.store.add_mailbox(A, "zoe", given_name="Zoé", sur_name="Brun")
        self.store.add_mailbox(A, "eve", given_name="Eve", sur_name="Gris")

    def save(self):
        """Write the files and the settings as they are wanted now."""
        for path in (self.folder / "state").iterdir():
            path.unlink()
        indent = None if self.is_flow else 3
        users = [{"name": name, **user} for name, user in self.users.items()]
        self.write("state/users.yaml", json.dumps({"users": users}, indent=indent))
        for file, domains in self.files.items():
            entries = [{"name": name, **domain} for name, domain in domains.items()]
            self.write(f"state/{file}", json.dumps({"domains": entries}, indent=indent))
        tables = [key for key, value in self.toml.items() if isinstance(value, dict)]
        lines = [f"{key} = {json.dumps(self.toml[key])}\n" for key in self.toml.keys() - {*tables}]
        for key in tables:
            lines += [
                f"[{key}]\n",
                *(f"{k} = {json.dumps(v)}\n" for k, v in self.toml[key].items()),
            ]
        self.write("mailstate.toml", "".join(lines))

    def plan(self, *more):
        self.save()
        return self.call("plan", "--format", "json", *self.options, *more, env=self.env)

    def apply(self):
        ran = ("apply", "--yes", "--no-notify", "--format", "json", PLAN)
        return self.call(*ran, *self.options, env=self.env)

    def saved(self):
        return json.loads(self.read(PLAN))

    def edit_plan(self, **changes):
        """Change the saved plan by hand, with a digest that fits."""
        document = {**self.saved(), **changes}
        self.write(PLAN, json.dumps({**document, "digest": digest(document)}))

    def use_other_server(self):
        self.env |= {
            "MAILSTATE_URL": self.other.url,
            "MAILSTATE_PASSWORD": self.other.password,
        }

    def use_other_account(self):
        names = ("MAILSTATE_USERNAME", "MAILSTATE_PASSWORD")
        self.env |= dict(
            zip(names, (self.sandbox.admin_username, self.sandbox.admin_password), strict=True)
        )

    def has_b(self, **how):
        """Have others make the second domain, if nobody has."""
        if not self.store.api.domain(B):
            self.store.add_domain(B, **how)
            self.store.add_allow("la_regie", B)

    def has_user(self, name):
        """Have others make a user anew."""
        self.store.remove_user(name)
        self.store.add_user(name)

    def has_mailbox(self, local_part, first, last, **more):
        """Have others make a mailbox anew."""
        self.store.remove_mailbox(A, local_part)
        self.store.add_mailbox(A, local_part, given_name=first, sur_name=last, **more)

    def has_alias(self, destination):
        """Have others make an alias anew."""
        self.store.remove_alias(A, "info", destination)
        self.store.add_alias(A, "info", destination)

    def withdraw_dns(self):
        self.store.dns.remove(A)
        self.store.set_state(A, "new")

    def move(self):
        """Write all domains in one file of another name, the other way round."""
        domains = {name: one for file in self.files.values() for name, one in file.items()}
        self.files = {"deep.yml": dict(reversed(domains.items()))}

    def forget_b(self):
        for domains in self.files.values():
            domains.pop(B, None)


OTHER_BOX = {"local_part": "kim", "first_name": "Kim", "last_name": "Vert"}

LESS = {
    # In the files.
    "nothing": World.save,
    "another format": lambda world: setattr(world, "is_flow", False),
    "another file": World.move,
    "a mailbox less": lambda world: world.b.pop("mailboxes"),
    "an alias less": lambda world: world.a.pop("aliases"),
    "an access less": lambda world: world.a.pop("accesses"),
    "a viewer instead": lambda world: world.a.update(accesses=[{"user": "bob", "role": "viewer"}]),
    "a domain less": World.forget_b,
    "a domain disabled": lambda world: world.a.update(disabled=True),
    "another support address": lambda world: world.a.update(support_email="x@home.test"),
    "another address of a person": lambda world: world.users["bob"].update(email="b@home.test"),
    # In dimail.
    "the user made": lambda world: world.has_user(BOB),
    "the access made": lambda world: (world.has_user(BOB), world.store.add_allow(BOB, A)),
    "the mailbox made": lambda world: world.has_mailbox("ada", "Ada", "Roux"),
    "half of the mailbox made": lambda world: world.has_mailbox("ada", "", "", half="dovecot"),
    "the alias made": lambda world: world.has_alias(f"ada@{A}"),
    "the mailbox changed": lambda world: world.has_mailbox(
        "zoe", "Zoé", "Blanc", display_name="Blanc, Zoé"
    ),
    "the domain made": World.has_b,
    "the domain enabled": lambda world: world.has_b(state="ok"),
    "the domain made otherwise": lambda world: world.has_b(features=["mailbox"]),
    "the DNS withdrawn": World.withdraw_dns,
    "a stranger": lambda world: world.has_mailbox("sam", "Sam", "Rose"),
    "a stranger of that name": lambda world: world.has_mailbox("ida", "Ada", "Roux"),
    # Around it.
    "another account": World.use_other_account,
    "another version of mailstate": lambda world: world.edit_plan(tool_version="9.9"),
    "a later minor format": lambda world: world.edit_plan(format_version="1.9", more=[1]),
    "other calls at once": lambda world: world.options.extend(["--concurrency", "1"]),
}
"""Changes after which the saved plan holds."""

MORE = {
    "a mailbox more": (
        lambda world: world.b.setdefault("mailboxes", []).append(OTHER_BOX),
        f"create mailbox/kim@{B}: not in the saved plan",
    ),
    "another first name": (
        lambda world: world.ada.update(first_name="Eva"),
        'after.display_name was "Ada Roux", is "Eva Roux"; after.first_name was "Ada", is "Eva"',
    ),
    "another last name": (
        lambda world: world.ada.update(last_name="Rose", display_name="Ada Roux"),
        f'create mailbox/ada@{A}: after.last_name was "Roux", is "Rose"',
    ),
    "another display name": (
        lambda world: world.ada.update(display_name="A. Roux"),
        f'create mailbox/ada@{A}: after.display_name was "Ada Roux", is "A. Roux"',
    ),
    "another secondary address": (
        lambda world: world.ada.update(secondary_email="eve@evil.test"),
        f'create mailbox/ada@{A}: after.secondary_email was "ada@home.test", is "eve@evil.test"',
    ),
    "no secondary address": (
        lambda world: world.ada.pop("secondary_email", None),
        f'create mailbox/ada@{A}: after.secondary_email was "ada@home.test", is null',
    ),
    "an inactive mailbox": (
        lambda world: world.ada.update(active=False),
        f"create mailbox/ada@{A}: after.active was true, is false",
    ),
    "another local part": (
        lambda world: world.zoe.update(local_part="joe"),
        f"create mailbox/joe@{A}: not in the saved plan",
    ),
    "another update": (
        lambda world: world.zoe.update(display_name="Zoé B."),
        f'update mailbox/zoe@{A}: after.display_name was "Blanc, Zoé", is "Zoé B."',
    ),
    "another secondary address of what is there": (
        lambda world: world.zoe.update(secondary_email="eve@evil.test"),
        f'update mailbox/zoe@{A}: after.secondary_email was null, is "eve@evil.test"',
    ),
    "another destination": (
        lambda world: world.alias.update(destinations=["eve@evil.test"]),
        f"create alias/info@{A}/eve@evil.test: not in the saved plan",
    ),
    "another alias": (
        lambda world: world.alias.update(local_part="sales"),
        f"create alias/sales@{A}/ada@{A}: not in the saved plan",
    ),
    "an access more": (
        lambda world: world.a.update(accesses=[{"user": "cleo", "role": "administrator"}]),
        f"create access/{A}/{CLEO}: not in the saved plan",
    ),
    "an owner more": (
        lambda world: world.b.update(owners=["alice", "cleo"]),
        f"create access/{B}/{CLEO}: not in the saved plan",
    ),
    "another uuid": (
        lambda world: world.users["bob"].update(uuid=DORA),
        f"create user/{DORA}: not in the saved plan",
    ),
    "a domain more": (
        lambda world: world.files.update({"c.yaml": {C: {"owners": ["alice"]}}}),
        f"create domain/{C}: not in the saved plan",
    ),
    "another context": (
        lambda world: world.b.update(context=A),
        f'create domain/{B}: after.context was "{B}", is "{A}"',
    ),
    "other features": (
        lambda world: world.b.update(features=["mailbox"]),
        'after.features.2 was "webmail", is absent',
    ),
    "another delivery": (
        lambda world: world.b.update(delivery="relay"),
        f'create domain/{B}: after.delivery was "virtual", is "relay"',
    ),
    "the mailbox to be changed gone": (
        lambda world: world.store.remove_mailbox(A, "zoe"),
        f'create mailbox/zoe@{A}: action was "update", is "create"',
    ),
    "the mailbox to be changed otherwise": (
        lambda world: world.has_mailbox("zoe", "Zoé", "Braun"),
        'before.display_name was "Zoé Brun", is "Zoé Braun"; before.last_name was "Brun"',
    ),
    "what was there gone": (
        lambda world: world.store.remove_allow(ALICE, A),
        f"create access/{A}/{ALICE}: not in the saved plan",
    ),
    "who was there gone": (
        lambda world: world.store.remove_user(ALICE),
        f"create user/{ALICE}: not in the saved plan",
    ),
    "our access gone": (
        lambda world: world.store.remove_allow("la_regie", A),
        f"create access/{A}/la_regie: not in the saved plan",
    ),
    "another server": (World.use_other_server, "made for another target: http://127.0.0.1"),
    "one domain": (
        lambda world: world.options.extend(["--only", A]),
        f"made for another selection: all domains, and this run is for --only {A}",
    ),
    "a part": (
        lambda world: world.options.extend(["--only", A, "--shard", "1/2"]),
        f"made for another selection: all domains, and this run is for --only {A} --shard 1/2",
    ),
    "pruning": (
        lambda world: world.options.extend(["--prune", "aliases"]),
        "made for another policy: `prune` was none, is alias",
    ),
    "deleting": (
        lambda world: world.options.append("--delete-mailboxes"),
        "made for another policy: `delete_mailboxes` was false, is true",
    ),
    "an override": (
        lambda world: world.options.extend(["--max-removals", "2"]),
        "made for another policy: `--max-removals` was not set, is 2",
    ),
    "assumed enabled": (
        lambda world: world.toml.update(assume_enabled="assume_enabled" not in world.toml),
        "made for another policy: `assume_enabled`",
    ),
    "another limit": (
        lambda world: world.toml.update(max_removals=21),
        "made for another policy: `max_removals` was 20, is 21",
    ),
    "another share": (
        lambda world: world.toml.update(max_removals_percent=99),
        "made for another policy: `max_removals_percent` was 100, is 99",
    ),
    "protection": (
        lambda world: world.toml.update(protected=["user/*"]),
        "made for another policy: `protected` was none, is user/*",
    ),
    "another service account": (
        lambda world: world.toml.update(service_account="admin"),
        'made for another policy: `service_account` was "la_regie", is "admin"',
    ),
    "other letters": (
        lambda world: world.toml.update(notify={"mode": "password"}),
        'made for another policy: `notify.mode` was "auto", is "password"',
    ),
    "another webmail": (
        lambda world: world.toml.update(notify={"webmail": "https://evil.test"}),
        "made for another policy: `notify.webmail` was",
    ),
}
"""Changes after which it does not, and how that is said."""
