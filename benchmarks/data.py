"""
A made-up administration: state files that are sound, and what a dimail has of them.

    python -m benchmarks.data made --mailboxes 100000

writes `state/` and `live.txt`. Same arguments, same bytes. The text comes from templates, not
from a YAML library, so that no library reads its own handwriting.
"""

import argparse
import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from random import Random

CHANGED = 0.01
"""The share of mailboxes whose display name is another one in dimail."""

MISSING = 0.0025
"""The share of mailboxes that dimail does not have."""

DISABLED = 0.1
"""The share of domains that are switched off; none of their mailboxes is changed or missing."""

_PLACES = (
    "arcueil bagnolet carhaix douarnenez étampes figeac guérande hennebont issoire joigny "
    "kaysersberg lannion mâcon nérac orthez pézenas quimperlé redon saint-aubin thouars uzès "
    "villefranche wissembourg yvetot"
).split()
_FIRST = (
    "Agnès Alice Anaïs André Aurélie Benoît Camille Cédric Céline Chloé Clément Damien Denis "
    "Élodie Émile Estelle Fabien François Gaël Gérard Hélène Hervé Hugo Inès Irène Jean "
    "Jean-Marie Jérôme Joël Julien Karine Léa Léon Loïc Lucie Maëlle Marie Mélanie Michèle Noël "
    "Noémie Océane Odile Pascal Paul Rémi Renée Sébastien Sophie Stéphane Sylvie Thaïs Théo "
    "Thérèse Valérie Victor Xavier Yann Yves Zoé"
).split()
_LAST = (
    "Allard Aubert Bailly Barbier Baudry Bénard Berger Besson Bonnet Bouchet Boyer Brunet Caron "
    "Chauvin Chevalier Clément Collet Cordier Cousin Daniel Delage Delorme Denoël Deschamps "
    "Dubois Ducros Duféu Dumas Dupré Durand Étienne Fabre Faure Fleury Forêt Fournier Gaillard "
    "Garnier Gauthier Gérard Girard Guérin Guillot Hébert Henry Huet Jacquet Joly Lacroix "
    "Lambert Leblanc Lebrun Lefèvre Léger Lemaître Leroy Mallet Marchand Maréchal Martin Mercier "
    "Meunier Michaud Moreau Morin Noël Olivier Pâris Pelletier Perrot Petit Philippe Picard "
    "Poirier Prévost Rémy Renard Renault Rey Rivière Robin Rolland Rousseau Roux Royer Sauvage "
    "Schmitt Simon Tessier Thévenot Thibault Thomas Vallée Vasseur Vidal Vincent Weber"
).split()
_PEOPLE = tuple(product(_FIRST, _LAST))

_USER = """\
  - name: {name}
    uuid: {uuid}
    email: {name}@regie.example
"""
_DOMAIN = """\
  - name: {name}
    features: [webmail, mailbox]
    context: {name}
{disabled}    owners: [{owners}]
    accesses:
{accesses}    mailboxes:
"""
_ACCESS = """\
      - {{user: {user}, role: {role}}}
"""
_MAILBOX = """\
      - local_part: {local_part}
        first_name: {first}
        last_name: {last}
        secondary_email: {local_part}.{number}@perso.example
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """One mailbox of the files."""

    local_part: str
    first: str
    last: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """One domain of the files; `owners` and `accesses` are handles of users."""

    name: str
    disabled: bool
    owners: tuple[str, ...]
    accesses: tuple[tuple[str, str], ...]
    mailboxes: tuple[Mailbox, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """All of it: users with their uuids, and domains."""

    users: dict[str, str]
    domains: tuple[Domain, ...]


def world(*, domains: int, mailboxes: int, seed: int = 1) -> World:
    """
    So many *domains*, with so many *mailboxes* each.

    Raises `ValueError` for more mailboxes on a domain than there are names.
    """
    if mailboxes > len(_PEOPLE):
        raise ValueError(f"a domain has {len(_PEOPLE)} mailboxes at most")
    draw = Random(seed)
    users = {
        f"{_plain(first)}.{_plain(last)}.{number}": f"5e0c2f6e-3c1b-4f0a-9d3e-{number:012x}"
        for number, (first, last) in enumerate(draw.choices(_PEOPLE, k=max(domains, 5)), start=1)
    }
    return World(
        users=users,
        domains=tuple(_domain(draw, tuple(users), number, mailboxes) for number in range(domains)),
    )


def _domain(draw: Random, users: tuple[str, ...], number: int, mailboxes: int) -> Domain:
    owners = draw.choice((1, 2))
    people = draw.sample(users, owners + draw.choice((2, 3)))
    roles = draw.choices(("administrator", "viewer"), k=len(people))
    return Domain(
        name=f"{_plain(_PLACES[number % len(_PLACES)])}-{number:05}.example",
        disabled=number % round(1 / DISABLED) == round(1 / DISABLED) - 1,
        owners=tuple(people[:owners]),
        accesses=tuple(zip(people[owners:], roles, strict=False)),
        mailboxes=tuple(
            Mailbox(local_part=f"{_plain(first)}.{_plain(last)}", first=first, last=last)
            for first, last in draw.sample(_PEOPLE, mailboxes)
        ),
    )


def _plain(text: str) -> str:
    """*text* in small letters without accents."""
    return unicodedata.normalize("NFD", text.lower()).encode("ascii", "ignore").decode()


def write_state(made: World, folder: Path, *, domains_per_file: int = 1) -> None:
    """The state files of *made*, in *folder*: one of users, and as many of domains as it takes."""
    folder.mkdir(parents=True)
    users = (_USER.format(name=name, uuid=uuid) for name, uuid in made.users.items())
    (folder / "users.yaml").write_text("users:\n" + "".join(users), encoding="utf-8")
    for number, group in enumerate(_groups(made.domains, domains_per_file)):
        text = "domains:\n" + "".join(map(_domain_text, group))
        (folder / f"domains-{number:05}.yaml").write_text(text, encoding="utf-8")


def _groups(domains: tuple[Domain, ...], size: int) -> Iterator[tuple[Domain, ...]]:
    for start in range(0, len(domains), size):
        yield domains[start : start + size]


def _domain_text(domain: Domain) -> str:
    head = _DOMAIN.format(
        name=domain.name,
        disabled="    disabled: true\n" if domain.disabled else "",
        owners=", ".join(domain.owners),
        accesses="".join(_ACCESS.format(user=user, role=role) for user, role in domain.accesses),
    )
    return head + "".join(
        _MAILBOX.format(local_part=box.local_part, first=box.first, last=box.last, number=number)
        for number, box in enumerate(domain.mailboxes)
    )


def edit(folder: Path, *, share: float) -> int:
    """
    Change one secondary address in a *share* of the files of domains; how many these were.

    What was changed before is changed again, and is something new each time.
    """
    files = sorted(folder.glob("domains-*.yaml"))
    chosen = files[:: max(1, round(1 / share))]
    for file in chosen:
        text = file.read_text(encoding="utf-8")
        file.write_text(re.sub(r"@(?=x*perso\.example)", "@x", text, count=1), encoding="utf-8")
    return len(chosen)


def answers(
    made: World, *, account: str, changed: float = CHANGED, missing: float = MISSING, seed: int = 1
) -> Iterator[tuple[str, object]]:
    """
    Each target that a dimail with *made* answers to, and the answer.

    A share *changed* of the mailboxes is not as it should be, a share *missing* is not there.
    """
    draw = Random(seed)
    places = [
        (domain.name, number)
        for domain in made.domains
        if not domain.disabled
        for number in range(len(domain.mailboxes))
    ]
    total = sum(len(domain.mailboxes) for domain in made.domains)
    wrong, lacking = round(total * changed), round(total * missing)
    drawn = draw.sample(places, min(len(places), wrong + lacking))
    others, gone = set(drawn[:wrong]), set(drawn[wrong:])
    users = [
        {"name": name, "is_admin": name == account, "uuid": f"{number:032x}"}
        for number, name in enumerate((account, *made.users.values()))
    ]
    accesses = [
        {"user": name, "domain": domain.name}
        for domain in made.domains
        for name in (account, *(made.users[handle] for handle in _managers(domain)))
    ]
    yield "/users/", users
    yield "/domains/", [_domain_answer(domain) for domain in made.domains]
    yield "/allows/", accesses
    for domain in made.domains:
        boxes = [
            _mailbox_answer(domain, box, is_changed=(domain.name, number) in others)
            for number, box in enumerate(domain.mailboxes)
            if (domain.name, number) not in gone
        ]
        boxes.append(_technical(domain))
        draw.shuffle(boxes)  # dimail builds its lists from sets
        yield f"/domains/{domain.name}/mailboxes/", boxes
        yield f"/domains/{domain.name}/aliases/", []


def _managers(domain: Domain) -> Iterator[str]:
    yield from domain.owners
    yield from (user for user, role in domain.accesses if role == "administrator")


def _domain_answer(domain: Domain) -> dict[str, object]:
    return {
        "name": domain.name,
        "state": "ok",
        "valid": True,
        "features": ["webmail", "mailbox"],
        "mailbox_domain": None,
        "webmail_domain": None,
        "imap_domains": None,
        "smtp_domains": None,
        "context_name": None,
    }


def _mailbox_answer(domain: Domain, box: Mailbox, *, is_changed: bool) -> dict[str, object]:
    return {
        "type": "mailbox",
        "status": "ok",
        "email": f"{box.local_part}@{domain.name}",
        "givenName": box.first,
        "surName": box.last,
        "displayName": f"{box.first} {box.last.upper() if is_changed else box.last}",
    }


def _technical(domain: Domain) -> dict[str, object]:
    return {
        "type": "mailbox",
        "status": "broken",
        "email": f"oxadmin@{domain.name}",
        "givenName": "Admin",
        "surName": "Context",
        "displayName": "Context Admin",
    }


def write_live(
    made: World,
    file: Path,
    *,
    account: str,
    changed: float = CHANGED,
    missing: float = MISSING,
) -> None:
    """What `benchmarks.server` serves: a line for each answer, its target and its body."""
    with file.open("w", encoding="utf-8") as out:
        for target, body in answers(made, account=account, changed=changed, missing=missing):
            # As the JSONResponse of starlette writes it.
            text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
            out.write(f"{target} {text}\n")


def main() -> None:
    """Write what is asked for on the command line."""
    parser = argparse.ArgumentParser(description="State files and the live side of benchmarks.")
    parser.add_argument("folder", type=Path, help="where to; must not be there yet")
    parser.add_argument("--mailboxes", type=int, default=100_000, help="in all")
    parser.add_argument("--per-domain", type=int, default=50)
    parser.add_argument("--domains-per-file", type=int, default=1)
    parser.add_argument("--account", default="bench")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    made = world(
        domains=-(-asked.mailboxes // asked.per_domain), mailboxes=asked.per_domain, seed=asked.seed
    )
    write_state(made, asked.folder / "state", domains_per_file=asked.domains_per_file)
    write_live(made, asked.folder / "live.txt", account=asked.account)


if __name__ == "__main__":
    main()
