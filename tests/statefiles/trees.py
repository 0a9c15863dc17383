"""Whole trees of state files: in order more often than not, else wrong within or between files."""

from tests.statefiles.messy import Pen

NAMES = ("a.example", "b.example", "élysée.example", "x-1.b.example")
PARTS = ("jean", "j.dupont", "j-d", "j", "info", "contact", "zoé", "oxadmin", "a_b")
FIRST = ("Jean", "Zoé", "E\u0301lodie", "نام\u200cه", "JEAN", "O'Neil")
LAST = ("Dupont", "L'Été", "\u0301x", "straße", "STRASSE", "Le Goff")
HANDLES = ("ann", "ben", "cat.x")
SHARED = "dsi@Ville.example"
OUTSIDE = ("devnull@devnull", "DevNull@devnull", "x@perso.example", "X@Évry.example")


def documents(chance):
    """Users and domains as plain values, one document for each file."""
    users = [
        chance.with_some(
            {"name": handle, "uuid": f"{number:032x}" if chance.one_in(2) else _hyphened(number)},
            email=chance.choice(["a@b.example", "A.b@Élysée.example"]),
        )
        for number, handle in enumerate(HANDLES, 1)
    ]
    if chance.one_in(40):
        users.append({"name": chance.choice([*HANDLES, "dee"]), "uuid": f"{1:032X}"})
    names = chance.sample(NAMES, chance.randint(1, len(NAMES)))
    if chance.one_in(40):
        names.append(chance.choice(names))
    people = _People(chance)
    entries = [("users", user) for user in users]
    entries += [("domains", _domain(chance, name, names, people)) for name in names]
    chance.shuffle(entries)
    files: list[dict[str, list[object]]] = [{} for _ in range(chance.randint(1, 4))]
    for kind, entry in entries:
        chance.choice(files).setdefault(kind, []).append(entry)
    return [file for file in files if file]


def sources(chance):
    """The files of a tree, by their names, each in a style of its own."""
    found = {}
    for number, document in enumerate(documents(chance)):
        text = Pen(chance, comments=chance.one_in(3)).write(document)
        name = f"{chance.choice(['é/', 'b/', ''])}{number}.yaml"
        found[name] = _damaged(chance, text.encode()) if chance.one_in(20) else text.encode()
    return list(found.items())


def _hyphened(number):
    digits = f"{number:032X}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _damaged(chance, data):
    start = chance.randrange(len(data))
    return data[:start] + chance.choice([b"", b"\t", b"&a ", b"x", b"\n"]) + data[start + 1 :]


class _People:
    """Who has which name and second address: nearly always one's own."""

    def __init__(self, chance):
        self._chance = chance
        self._count = 0
        self._all_share = chance.one_in(3)

    def mailbox(self, local_part):
        chance = self._chance
        self._count += 1
        first = chance.choice(FIRST)
        last = chance.choice(LAST)
        if not chance.one_in(8):
            last += f" {self._count}"
        own = f"p{self._count}@{chance.choice(['perso.example', 'Perso.example', 'été.example'])}"
        return chance.with_some(
            {"local_part": local_part, "first_name": first, "last_name": last},
            display_name=chance.choice([f"{last} {first}", f"Mairie {self._count}"]),
            secondary_email=SHARED if self._all_share else own,
            active=chance.one_in(2),
        )


def _domain(chance, name, names, people):
    features = ["webmail", "mailbox", "alias"]
    if chance.one_in(8):
        features = chance.some(features)
    parts = list(PARTS)
    if not chance.one_in(40):
        parts = [part for part in parts if part not in {"zoé", "oxadmin"}]
    boxes = chance.shuffled(parts)[: chance.randint(0, 7)] if "mailbox" in features else []
    found = {"name": name, "owners": chance.sample(HANDLES, chance.randint(1, 2))}
    found["features"] = chance.shuffled(features)
    if chance.one_in(3) and "webmail" in features:
        found["context"] = chance.choice(["shared", "e\u0301te\u0301", name])
    if boxes or chance.one_in(4):
        found["mailboxes"] = [people.mailbox(part) for part in boxes]
        if boxes and chance.one_in(30):
            found["mailboxes"].append(people.mailbox(boxes[0]))
    if "alias" in features or chance.one_in(40):
        found["aliases"] = _aliases(chance, name, names, boxes)
    left = [handle for handle in HANDLES if handle not in found["owners"]]
    found["accesses"] = [
        {"user": handle, "role": chance.choice(["viewer", "administrator"])} for handle in left
    ]
    if chance.one_in(40):
        found["accesses"].append({"user": chance.choice([*HANDLES, "dee"]), "role": "viewer"})
    if "features" in found and len(features) == len(("webmail", "mailbox", "alias")):
        found = {key: item for key, item in found.items() if key != "features"}
    items = chance.sample(list(found.items()), len(found))
    return chance.with_some(
        dict(items), delivery="relay", disabled=True, support_email="dsi@été.example"
    )


def _aliases(chance, name, names, boxes):
    parts = chance.sample(("all", "info", "sales", *boxes[:1]), chance.randint(0, 3))
    own = [f"{part}@{name}" for part in dict.fromkeys((*boxes, *parts))]
    found = []
    for number, part in enumerate(dict.fromkeys(parts)):
        # Those further on in the list: a loop takes one that leads back.
        targets = chance.some([*OUTSIDE[1:], *(to for to in own[number:] if part not in to)], 3)
        if chance.one_in(10):
            targets.append(f"{chance.choice(['jean', 'info'])}@{chance.choice(names)}")
        if chance.one_in(30):
            targets.append(chance.choice([*own, *OUTSIDE]))
        if part in boxes and not chance.one_in(20):
            targets.append(f"{part}@{name}")
        found.append({"local_part": part, "destinations": targets or [OUTSIDE[0]]})
    return found
