"""Any conversation with a server goes as a small model, written from the contract, foretells."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailstate.sandbox import PROFILES
from tests.sandbox.asking import Asker

CRASH = "Internal Server Error"
DENIED = "Permission denied"
USERS = ("admin", "alice", "bob")
FEATURES = ((), ("mailbox",), ("webmail",), ("webmail", "mailbox", "alias"))
DOMAINS = ("a.example", "b.example")
LOCALS = ("u", "v", "oxadmin")
NAMES = ("Ada", "Context Admin", "ADA B", "")
Answer = tuple[int, object]


@dataclass
class Model:
    """What a server of *profile* must hold after what it was told, in a few sets."""

    profile: str
    users: dict[str, bool] = field(default_factory=dict)
    allows: set[tuple[str, str]] = field(default_factory=set)
    domains: dict[str, tuple[str, ...]] = field(default_factory=dict)
    contexts: dict[str, str] = field(default_factory=dict)
    accounts: dict[tuple[str, str], str] = field(default_factory=dict)
    boxes: dict[str, str] = field(default_factory=dict)
    aliases: set[tuple[str, str, str]] = field(default_factory=set)

    @property
    def modern(self) -> bool:
        return self.profile == "2026"

    def create_user(self, name, admin) -> Answer:
        if name in self.users:
            return 409, "User already exists"
        self.users[name] = admin
        return 201, None

    def change_user(self, name, admin) -> Answer:
        if name not in self.users:
            return 404, "Not found"
        self.users[name] = admin
        return 200, None

    def delete_user(self, name) -> Answer:
        if self.users.pop(name, None) is None:
            return 404, "Not found"
        self.allows = {pair for pair in self.allows if pair[0] != name}
        return 204, None

    def get_user(self, name) -> Answer:
        return (200, None) if name in self.users else (404, "User not found")

    def create_domain(self, name, features, context) -> Answer:
        if "webmail" in features and context is None:
            return 409, "OX context name is mandatory for mailbox feature"
        if name in self.domains:
            return 409, "Domain already exists"
        self.domains[name] = features
        if "webmail" in features:
            if context not in self.contexts.values():
                self.accounts[context, f"oxadmin@{name}"] = "context admin"
            self.contexts[name] = context
        if self.modern:
            self.allows.add(("admin", name))
        return 201, None

    def _both(self, user, domain) -> Answer | None:
        if user not in self.users:
            return 404, "User not found"
        return None if domain in self.domains else (404, "Domain not found")

    def create_allow(self, user, domain) -> Answer:
        if wrong := self._both(user, domain):
            return wrong
        if (user, domain) in self.allows:
            return 409, "Domain already allowed for this user"
        self.allows.add((user, domain))
        return 201, None

    def delete_allow(self, user, domain) -> Answer:
        if wrong := self._both(user, domain):
            return wrong
        if (user, domain) not in self.allows:
            return 404, "Queried user does not have permissions for this domain."
        self.allows.remove((user, domain))
        return 204, None

    def get_domain(self, by, domain) -> Answer:
        if by not in self.users:
            return 403, DENIED
        if domain not in self.domains:
            return 404, "Domain not found"
        return (200, None) if self._may(by, domain) else (401, "Not authorized.")

    def _may(self, by, domain) -> bool:
        return self.users.get(by, False) or (by, domain) in self.allows

    def _managed(self, by, domain) -> Answer | None:
        if by not in self.users or not self._may(by, domain):
            return 403, DENIED
        return None if domain in self.domains else (404, "Domain not found")

    def list_boxes(self, by, domain) -> Answer:
        if wrong := self._managed(by, domain):
            return wrong
        own = {email for email in self.boxes if email.endswith(f"@{domain}")}
        context = self.contexts.get(domain)
        return 200, own | {email for at, email in self.accounts if at == context}

    def get_box(self, by, domain, local) -> Answer:
        if wrong := self._managed(by, domain):
            return wrong
        email, context = f"{local}@{domain}", self.contexts.get(domain, "")
        account = (context, email) in self.accounts
        if email not in self.boxes and not account:
            return 404, "Mailbox not found"
        inactive = self.boxes.get(email) == "no"
        whole = email in self.boxes and (account or not context or inactive)
        return 200, "ok" if whole else "broken"

    def create_box(self, by, domain, local, name) -> Answer:
        if by not in self.users:
            return 403, DENIED
        if not self._may(by, domain):
            return 403, DENIED if self.modern else "Permisison denied"
        if domain not in self.domains:
            return (404, "Domain not found") if self.modern else (500, CRASH)
        email, context = f"{local}@{domain}", self.contexts.get(domain)
        if self.modern and (email in self.boxes or (context, email) in self.accounts):
            return 409, "Mailbox already exists"
        if context:
            taken = self.modern and self._taken(context, email, name)
            if taken or (context, email) in self.accounts:
                return 500, CRASH
            self.accounts[context, email] = name.lower()
        if email in self.boxes:
            return 500, CRASH
        self.boxes[email] = "yes"
        return 201, None

    def _taken(self, context, email, name) -> bool:
        return any(
            at == context and other != email and name.lower() == held
            for (at, other), held in self.accounts.items()
        )

    def _existing(self, by, domain, local) -> Answer | None:
        if wrong := self._managed(by, domain):
            return wrong
        if "mailbox" not in self.domains[domain]:
            return 422, "Feature 'mailbox' not available on the domain"
        return None if f"{local}@{domain}" in self.boxes else (404, "Mailbox not found")

    def rename_box(self, by, domain, local, name) -> Answer:
        if wrong := self._existing(by, domain, local):
            return wrong
        email, context = f"{local}@{domain}", self.contexts.get(domain)
        if context:
            if (context, email) not in self.accounts:
                return 404, "Mailbox not found in open-xchange"
            if self.modern and self._taken(context, email, name):
                return 500, CRASH
            self.accounts[context, email] = name.lower()
        return 200, None

    def switch_box(self, by, domain, local, active) -> Answer:
        if not self.modern:
            wrong = self._existing(by, domain, local)
            return wrong or (200, None)
        if wrong := self._existing(by, domain, local):
            return wrong
        email, context = f"{local}@{domain}", self.contexts.get(domain)
        if active == "yes":
            if context and self._taken(context, email, email):
                return 500, CRASH
            if context:
                self.accounts[context, email] = email
        elif context:
            self.accounts.pop((context, email), None)
        self.boxes[email] = active
        return 200, None

    def delete_box(self, by, domain, local) -> Answer:
        if wrong := self._existing(by, domain, local):
            return wrong
        email, context = f"{local}@{domain}", self.contexts.get(domain)
        if context:
            inactive = self.modern and self.boxes[email] == "no"
            if self.accounts.pop((context, email), None) is None and not inactive:
                return 404, "Mailbox not found in open-xchange"
        del self.boxes[email]
        return 204, None

    def create_alias(self, by, domain, name, destination) -> Answer:
        if by not in self.users or not self._may(by, domain):
            return 403, DENIED
        if (domain, name, destination) in self.aliases:
            return 409, "Alias already exists"
        self.aliases.add((domain, name, destination))
        return (500, CRASH) if "@" in name else (201 if self.modern else 200, None)

    def list_aliases(self, by, domain) -> Answer:
        if by not in self.users or not self._may(by, domain):
            return 403, DENIED
        found = {(name, to) for at, name, to in self.aliases if at == domain}
        return (500, CRASH) if any("@" in name for name, _ in found) else (200, found)

    def delete_aliases(self, by, domain, name, destination) -> Answer:
        if by not in self.users or not self._may(by, domain):
            return 403, DENIED
        found = {
            alias
            for alias in self.aliases
            if alias[:2] == (domain, name) and destination in ("all", alias[2])
        }
        self.aliases -= found
        return (204, None) if found else (404, "Not found")


def body(name, given="", sur=""):
    return {"givenName": given, "surName": sur, "displayName": name}


# For each call of the model: how it is asked over HTTP, as (request, caller, JSON).
CALLS: dict[str, Callable[..., tuple[str, str, object]]] = {
    "create_user": lambda name, admin: (
        "POST /users/",
        "root",
        {"name": name, "password": "no", "is_admin": admin},
    ),
    "change_user": lambda name, admin: (f"PATCH /users/{name}", "root", {"is_admin": admin}),
    "delete_user": lambda name: (f"DELETE /users/{name}", "root", None),
    "get_user": lambda name: (f"GET /users/{name}", "root", None),
    "create_domain": lambda name, features, context: (
        "POST /domains/?no_check=1",
        "root",
        {"name": name, "features": list(features), "context_name": context},
    ),
    "create_allow": lambda user, domain: (
        "POST /allows/",
        "root",
        {"user": user, "domain": domain},
    ),
    "delete_allow": lambda user, domain: (f"DELETE /allows/{domain}/{user}", "root", None),
    "get_domain": lambda by, domain: (f"GET /domains/{domain}", by, None),
    "list_boxes": lambda by, domain: (f"GET /domains/{domain}/mailboxes/", by, None),
    "get_box": lambda by, domain, local: (f"GET /domains/{domain}/mailboxes/{local}", by, None),
    # An old server makes the display name of the first and last name, a modern one keeps it.
    "create_box": lambda by, domain, local, name: (
        f"POST /domains/{domain}/mailboxes/{local}",
        by,
        body(name),
    ),
    "rename_box": lambda by, domain, local, name: (
        f"PATCH /domains/{domain}/mailboxes/{local}",
        by,
        {"displayName": name},
    ),
    "switch_box": lambda by, domain, local, active: (
        f"PATCH /domains/{domain}/mailboxes/{local}",
        by,
        {"active": active} | (body(f"{local}@{domain}") if active == "yes" else {}),
    ),
    "delete_box": lambda by, domain, local: (
        f"DELETE /domains/{domain}/mailboxes/{local}",
        by,
        None,
    ),
    "create_alias": lambda by, domain, name, destination: (
        f"POST /domains/{domain}/aliases/",
        by,
        {"user_name": name, "destination": destination},
    ),
    "list_aliases": lambda by, domain: (f"GET /domains/{domain}/aliases/", by, None),
    "delete_aliases": lambda by, domain, name, destination: (
        f"DELETE /domains/{domain}/aliases/{name}/{destination}",
        by,
        None,
    ),
}
people, domains, locals_ = st.sampled_from(USERS), st.sampled_from(DOMAINS), st.sampled_from(LOCALS)
plain = st.sampled_from(USERS[1:])
display, aliases = st.sampled_from(NAMES), st.sampled_from(["u", "c", "a@b"])
destinations = st.sampled_from(["x@y.example", "devnull@devnull"])
calls = st.one_of(
    st.tuples(st.just("create_user"), people, st.booleans()),
    st.tuples(st.just("change_user"), plain, st.booleans()),
    st.tuples(st.just("delete_user"), plain),
    st.tuples(st.just("get_user"), people),
    st.tuples(
        st.just("create_domain"),
        domains,
        st.sampled_from(FEATURES),
        st.sampled_from([None, "c", "d"]),
    ),
    st.tuples(st.just("create_allow"), people, domains),
    st.tuples(st.just("delete_allow"), people, domains),
    st.tuples(st.just("get_domain"), people, domains),
    st.tuples(st.just("list_boxes"), people, domains),
    st.tuples(st.just("get_box"), people, domains, locals_),
    st.tuples(st.just("create_box"), people, domains, locals_, display),
    st.tuples(st.just("rename_box"), people, domains, locals_, display),
    st.tuples(st.just("switch_box"), people, domains, locals_, st.sampled_from(["yes", "no"])),
    st.tuples(st.just("delete_box"), people, domains, locals_),
    st.tuples(st.just("create_alias"), people, domains, aliases, destinations),
    st.tuples(st.just("list_aliases"), people, domains),
    st.tuples(st.just("delete_aliases"), people, domains, aliases, destinations | st.just("all")),
)


def asked(ask: Asker, tokens: dict[str, str], call) -> Answer:
    """Ask one call over HTTP and return what the model foretells: status, and detail or sense."""
    name, *arguments = call
    request, by, json = CALLS[name](*arguments)
    response = ask(request, by="basic:admin" if by == "root" else tokens[by], json=json)
    if response.status_code >= 400:
        return response.status_code, ask.detail(response)
    if name == "list_boxes":
        return response.status_code, {mailbox["email"] for mailbox in response.json()}
    if name == "list_aliases":
        found = {(alias["username"], alias["destination"]) for alias in response.json()}
        return response.status_code, found
    return response.status_code, response.json()["status"] if name == "get_box" else None


@pytest.mark.parametrize("profile", PROFILES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=st.lists(calls, max_size=30), start=st.lists(calls, max_size=5))
def test_any_conversation_goes_as_foretold(running, profile, start, told):
    """
    Whatever is said in whichever order, each status, detail and list is the model's.
    """
    ask = running[profile]
    ask.sandbox.reset()
    model = Model(profile, users={"admin": True, "la_regie": profile != "2026"})
    # Tokens taken once stay good as long as the user of that name is there.
    for name in USERS[1:]:
        ask.sandbox.store.add_user(name)
    tokens = {name: ask.header(f"token:{name}") for name in USERS}
    for name in USERS[1:]:
        ask.sandbox.store.remove_user(name)
    opening = [
        ("create_user", "alice", False),
        ("create_domain", DOMAINS[0], FEATURES[3], "c"),
        ("create_allow", "alice", DOMAINS[0]),
    ]

    for call in [*start, *opening, *told]:
        name, *arguments = call
        foretold = getattr(model, name)(*arguments)
        assert foretold == asked(ask, tokens, call), call
