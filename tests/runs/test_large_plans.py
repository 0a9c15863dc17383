"""Plans of so many mailboxes that earlier plans are remembered: they are what they would be."""

import json

from tests.cli.support import ALICE

DOMAINS = [f"d{number}.example" for number in range(10)]
EACH = 200


def declare(place, **last):
    """Have a file for each domain; *last* is told of the last mailbox of all."""
    for name in DOMAINS:
        boxes = [
            {"local_part": f"p{number}", "first_name": "P", "last_name": f"{number} {name[:2]}"}
            for number in range(EACH)
        ]
        boxes[-1] |= last if name == DOMAINS[-1] else {}
        aliases = [{"local_part": "info", "destinations": [f"p0@{name}"]}]
        domain = {"name": name, "owners": ["alice.martin"], "mailboxes": boxes, "aliases": aliases}
        place.write(f"state/{name}.yaml", json.dumps({"domains": [domain]}))


def test_a_plan_that_remembers_is_the_plan_that_does_not(place_of):
    """
    After each change of files or dimail: the same plan, byte for byte, with a cache and without.
    """
    place = place_of("2026")
    store = place.sandbox.store
    (place.folder / "state/commune.yaml").unlink()
    store.add_user(ALICE, "password")
    for name in DOMAINS:
        store.add_domain(name, features=["webmail", "mailbox", "alias"], context=name)
        place.sandbox.publish_dns(name)
        for number in range(0, EACH, 20):
            last = f"{number} {name[:2]}"
            store.add_mailbox(name, f"p{number}", given_name="P", sur_name=last)
        store.add_alias(name, "old", "somebody@elsewhere.test")
    store.set_state(DOMAINS[3], "broken")

    kept = {"MAILSTATE_CACHE": str(place.folder / "cache")}

    def change_a_file():
        declare(place, first_name="Zoé")

    def change_dimail():
        store.remove_mailbox(DOMAINS[0], "p20")
        store.add_mailbox(DOMAINS[0], "p21", given_name="Other", sur_name="Name")
        store.add_mailbox(DOMAINS[1], "stray", given_name="In", sur_name="No File")
        store.add_mailbox(DOMAINS[2], "p21", given_name="P", half="dovecot")

    for change in (lambda: declare(place), change_a_file, change_dimail):
        change()
        ran = [
            place.call("plan", "--format", "json", "--prune", "aliases", env=env)
            for env in ({"MAILSTATE_CACHE": "off"}, kept, kept)
        ]
        assert (0, "") == (ran[0].code, ran[0].err)
        assert ran[0] == ran[1] == ran[2]
