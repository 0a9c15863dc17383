"""What is compared with what: the candidates, their floors, and the targets."""

import hashlib
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from benchmarks import data
from benchmarks.measuring import (
    ACCOUNT,
    MAILSTATE,
    PYTHON,
    Cost,
    Group,
    Row,
    asked,
    cost_of,
    exponent,
    serving,
)
from benchmarks.peers import consumers, deck, octodns, zones

SERVER_CORE, CLIENT_CORE = 0, 1
PASS = (PYTHON, "-c", "pass")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Where a benchmark takes place: a folder for what it makes, and how much of it."""

    work: Path
    mailboxes: int

    def made(
        self, mailboxes: int, *, per_domain: int = 50, name: str = "data", is_empty: bool = False
    ) -> Path:
        """
        A folder with `state` and `live.txt` of so many mailboxes; made once.

        With *is_empty*, dimail has none of them.
        """
        folder = self.work / f"{name}-{mailboxes}"
        if not (folder / "live.txt").exists():
            shutil.rmtree(folder, ignore_errors=True)
            world = data.world(domains=-(-mailboxes // per_domain), mailboxes=per_domain)
            shares = {"changed": 0.0, "missing": 1.0} if is_empty else {}
            data.write_state(world, folder / "state")
            data.write_live(world, folder / "live.txt", account=ACCOUNT, **shares)
        return folder

    def emptied(self, name: str) -> Path:
        """A folder with nothing in it."""
        folder = self.work / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def without_extras(self) -> Path:
        """A folder that, where Python looks first, hides the optional extras."""
        folder = self.work / "without-extras"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "jsonschema_rs.py").write_text("raise ImportError\n", encoding="utf-8")
        return folder


def mailstate(*arguments: str, url: str = "", cwd: Path, cache: Path | str, **env: str) -> Cost:
    """What a run of mailstate costs, with its cache in the folder *cache*, or `off`."""
    settings = {"MAILSTATE_CACHE": str(cache), "MAILSTATE_USERNAME": ACCOUNT}
    if url:
        settings |= {"MAILSTATE_URL": url, "MAILSTATE_PASSWORD": "unread"}
    return cost_of(MAILSTATE, *arguments, env=settings | env, cwd=cwd, core=CLIENT_CORE)


def stage(name: str, *arguments: str, **env: str) -> Cost:
    """What one stage costs; the seconds of the stage itself are its `value`."""
    return cost_of(PYTHON, "-m", "benchmarks.stages", name, *arguments, env=env, core=CLIENT_CORE)


@contextmanager
def files(scene: Scene) -> Iterator[Group]:
    """Loading, validating and planning: all against PyYAML's quickest loader on the same files."""
    folder = scene.made(scene.mailboxes)
    state = str(folder / "state")
    touched = scene.emptied("touched")
    shutil.copytree(state, touched / "state")
    hidden = str(scene.without_extras())
    caches = {name: scene.emptied(f"cache-{name}") for name in ("warm", "touched", "plan")}
    has_extra = find_spec("jsonschema_rs") is not None
    same_output = _Same()

    def cold(*arguments: str, url: str = "", **env: str) -> Cost:
        return mailstate(*arguments, url=url, cwd=folder, cache=scene.emptied("cache-cold"), **env)

    def warm_touched() -> Cost:
        data.edit(touched / "state", share=0.01)
        return mailstate("validate", cwd=touched, cache=caches["touched"])

    with serving(str(folder / "live.txt"), "--core", str(SERVER_CORE)) as url:
        mailstate("validate", cwd=folder, cache=caches["warm"])
        mailstate("validate", cwd=touched, cache=caches["touched"])
        mailstate("plan", url=url, cwd=folder, cache=caches["plan"])
        candidates: dict[str, Callable[[], Cost]] = {
            "pass": lambda: cost_of(*PASS),
            "CSafeLoader": lambda: cost_of(
                PYTHON, "-m", "benchmarks.floor", state, core=CLIENT_CORE
            ),
            "load": lambda: stage("load", state),
            "cold validate": lambda: cold("validate"),
            "warm validate": lambda: mailstate("validate", cwd=folder, cache=caches["warm"]),
            "touched validate": warm_touched,
            "cold plan": lambda: same_output(cold("plan", url=url)),
            "plain plan": lambda: same_output(cold("plan", url=url, PYTHONPATH=hidden)),
            "cacheless plan": lambda: same_output(
                mailstate("plan", url=url, cwd=folder, cache="off")
            ),
            "warm plan": lambda: same_output(
                mailstate("plan", url=url, cwd=folder, cache=caches["plan"])
            ),
        }
        if not has_extra:
            del candidates["cold plan"]
        peer = "CSafeLoader"
        yield Group(
            name="files",
            candidates=candidates,
            rows=(
                Row(
                    what="load: strict, with all places",
                    candidate="load",
                    floor=peer,
                    by="value",
                    reach=0.45,
                    heroic=0.2,
                ),
                Row(
                    what="cold `validate`",
                    candidate="cold validate",
                    floor=peer,
                    reach=0.75,
                    heroic=0.35,
                ),
                Row(
                    what="warm `validate`, nothing changed",
                    candidate="warm validate",
                    floor=peer,
                    reach=0.12,
                    heroic=0.06,
                ),
                Row(
                    what="warm `validate`, 1 % of the files changed",
                    candidate="touched validate",
                    floor=peer,
                    reach=0.15,
                    heroic=0.06,
                ),
                Row(
                    what="cold `plan`, with jsonschema-rs",
                    candidate="cold plan",
                    floor=peer,
                    reach=0.8,
                    heroic=0.35,
                ),
                Row(
                    what="cold `plan`, no extras",
                    candidate="plain plan",
                    floor=peer,
                    reach=1.1,
                    heroic=0.35,
                ),
                Row(what="`plan` without any cache", candidate="cacheless plan", floor=peer),
                Row(what="warm `plan`", candidate="warm plan", floor=peer, reach=0.15, heroic=0.06),
                Row(
                    what="peak memory of the cold `plan`",
                    candidate="plain plan",
                    floor="pass",
                    by="peak",
                    unit="MiB",
                    reach=10,
                    heroic=3,
                ),
                Row(
                    what="peak memory of the warm `plan`",
                    candidate="warm plan",
                    floor="pass",
                    by="peak",
                    unit="MiB",
                ),
            ),
        )


@contextmanager
def schema(scene: Scene) -> Iterator[Group]:
    """Does a document fit the schema?"""
    state = str(scene.made(scene.mailboxes) / "state")
    hidden = str(scene.without_extras())
    candidates = {
        "jsonschema": lambda: stage("verdicts", "jsonschema", state),
        "with extra": lambda: stage("verdicts", "ours", state),
        "plain": lambda: stage("verdicts", "ours", state, PYTHONPATH=hidden),
    }
    if find_spec("jsonschema_rs") is None:
        del candidates["with extra"]
    yield Group(
        name="schema",
        candidates=candidates,
        rows=(
            Row(
                what="verdicts with jsonschema-rs",
                candidate="with extra",
                floor="jsonschema",
                by="value",
                reach=1 / 50,
                heroic=1 / 150,
            ),
            Row(
                what="verdicts, no extras",
                candidate="plain",
                floor="jsonschema",
                by="value",
                reach=1 / 50,
                heroic=1 / 150,
            ),
        ),
    )


@contextmanager
def calls(scene: Scene) -> Iterator[Group]:
    """How many requests a plan takes, by the server's own count."""
    folder = scene.made(scene.mailboxes)
    domains = scene.mailboxes // 50
    clone = scene.emptied("clone")
    shutil.copytree(folder / "state", clone / "state")
    git = ["git", "-c", "user.name=bench", "-c", "user.email=bench@example.org", "-C", str(clone)]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "all"]):
        subprocess.run([*git, *arguments], check=True)
    data.edit(clone / "state", share=1 / domains)
    cache = scene.emptied("cache-calls")
    with serving(str(folder / "live.txt"), "--core", str(SERVER_CORE)) as url:

        def counted(*arguments: str) -> Cost:
            asked(url)
            run = mailstate("plan", *arguments, url=url, cwd=clone, cache=cache)
            return _valued(run, sum(asked(url).values()))

        yield Group(
            name="calls",
            candidates={
                "plan": counted,
                "touched": lambda: counted("--changed-since", "HEAD"),
                "expected": lambda: _constant(5 + 2 * domains),
                "few": lambda: _constant(8),
            },
            rows=(
                Row(
                    what="requests of `plan` (5, and 2 for each domain)",
                    candidate="plan",
                    floor="expected",
                    by="value",
                    unit="",
                    reach=1.0,
                ),
                Row(
                    what="requests of `plan --changed-since`, 1 domain touched (8)",
                    candidate="touched",
                    floor="few",
                    by="value",
                    unit="",
                    reach=1.0,
                ),
            ),
        )


@contextmanager
def concurrency(scene: Scene) -> Iterator[Group]:
    """Requests per second of small lists, at several at once."""
    folder = scene.made(min(2_000, scene.mailboxes), per_domain=1, name="small")
    state = str(folder / "state")
    with serving(str(folder / "live.txt"), "--core", str(SERVER_CORE)) as url:
        yield Group(
            name="concurrency",
            candidates={
                str(number): partial(stage, "requests", state, url, str(number))
                for number in (4, 8, 32, 64)
            },
            rows=(
                Row(
                    what="requests/s at 32 against 8",
                    candidate="32",
                    floor="8",
                    by="value",
                    unit="/s",
                    reach=0.95,
                    heroic=1.0,
                    is_more_better=True,
                ),
                Row(
                    what="requests/s at 64 against 8",
                    candidate="64",
                    floor="8",
                    by="value",
                    unit="/s",
                    is_more_better=True,
                ),
                Row(
                    what="requests/s at 4 against 8",
                    candidate="4",
                    floor="8",
                    by="value",
                    unit="/s",
                    is_more_better=True,
                ),
            ),
        )


@contextmanager
def apply(scene: Scene) -> Iterator[Group]:
    """Mailboxes that are made, 50 ms each at the server, against that time shared by four."""
    count, delay, at_once = min(2_000, scene.mailboxes), 0.05, 4
    folder = scene.made(count, name="missing", is_empty=True)
    cache = scene.emptied("cache-apply")
    with serving(
        str(folder / "live.txt"), "--core", str(SERVER_CORE), "--delay", str(delay)
    ) as url:

        def applied() -> Cost:
            return mailstate("apply", "--yes", "--no-notify", url=url, cwd=folder, cache=cache)

        def ideal() -> Cost:
            """What those creates take that the server has been asked for just now."""
            return _constant(asked(url)["POST /domains/*/mailboxes/*"] * delay / at_once)

        yield Group(
            name="apply",
            candidates={"apply": applied, "ideal": ideal},
            rows=(
                Row(
                    what="`apply` of creates of 50 ms, four at once",
                    candidate="apply",
                    floor="ideal",
                    by="wall",
                    reach=1.1,
                    heroic=1.03,
                ),
            ),
        )


@contextmanager
def limit(_: Scene) -> Iterator[Group]:
    """Mailboxes that are made under a limit of 40 calls a second, which nobody is told of."""

    def limited() -> Cost:
        run = cost_of(PYTHON, "-m", "benchmarks.apply", "--limit", "40")
        used, refused = (float(share) / 100 for share in re.findall(r"([\d.]+)%", run.output))
        return Cost(wall=used, cpu=used, peak=refused)

    yield Group(
        name="limit",
        candidates={"apply": limited, "limit": lambda: _constant(1)},
        rows=(
            Row(
                what="`apply` under a hidden limit: share of it that is used",
                candidate="apply",
                floor="limit",
                unit="",
                reach=0.9,
                heroic=0.97,
                is_more_better=True,
            ),
            Row(
                what="calls refused, of those accepted after the first 500",
                candidate="apply",
                floor="limit",
                by="peak",
                unit="",
                reach=0.01,
            ),
        ),
    )


@contextmanager
def start(scene: Scene) -> Iterator[Group]:
    """What is waited for although there is hardly anything to do."""
    folder = scene.made(50, name="tiny")
    cache = scene.emptied("cache-tiny")
    with serving(str(folder / "live.txt"), "--core", str(SERVER_CORE)) as url:
        yield Group(
            name="start",
            candidates={
                "pass": lambda: cost_of(*PASS, core=CLIENT_CORE),
                "version": lambda: mailstate("--version", cwd=folder, cache=cache),
                "help": lambda: mailstate("--help", cwd=folder, cache=cache),
                "plan": lambda: mailstate("plan", url=url, cwd=folder, cache=cache),
            },
            rows=(
                Row(what="`--version`", candidate="version", floor="pass", reach=1.3, heroic=1.1),
                Row(what="`--help`", candidate="help", floor="pass", reach=5, heroic=2.5),
                Row(
                    what="`plan` of one domain", candidate="plan", floor="pass", reach=20, heroic=9
                ),
            ),
            times=3,
        )


@contextmanager
def views(scene: Scene) -> Iterator[Group]:
    """A plan with a change for each mailbox, in each format."""
    count = str(scene.mailboxes)
    yield Group(
        name="views",
        candidates={
            name: partial(stage, "view", name, count)
            for name in ("dumps", "indented", "json", "markdown", "html")
        },
        rows=tuple(
            Row(
                what=f"{name} against {against}",
                candidate=name,
                floor=floor,
                by="value",
                reach=3,
                heroic=1.5,
            )
            for floor, against in (
                ("dumps", "`json.dumps`"),
                ("indented", "`json.dumps(indent=2)`"),
            )
            for name in ("json", "markdown", "html")
        ),
    )


def _valued(cost: Cost, value: float) -> Cost:
    return Cost(wall=cost.wall, cpu=cost.cpu, peak=cost.peak, output=str(value))


def _constant(value: float) -> Cost:
    return Cost(wall=value, cpu=value, peak=value, output=str(value))


class _Same:
    """Every run that goes through it must print the same."""

    def __init__(self) -> None:
        self._seen = ""

    def __call__(self, cost: Cost) -> Cost:
        """*cost*, if its output is that of all before it."""
        seen = hashlib.sha256(cost.output.encode()).hexdigest()
        if self._seen not in {"", seen}:
            raise RuntimeError("two ways to the same plan gave two plans")
        self._seen = seen
        return cost


@contextmanager
def growth(scene: Scene) -> Iterator[Group]:
    """How time and memory grow with the number of mailboxes: the exponent, 1 for linear."""
    sizes = tuple(scene.mailboxes // part for part in (100, 10, 1))
    folders = [scene.made(size) for size in sizes]
    with ExitStack() as servers:
        urls = [
            servers.enter_context(serving(str(folder / "live.txt"), "--core", str(SERVER_CORE)))
            for folder in folders
        ]

        def grown() -> Cost:
            """The exponents: of reading and comparing together, and of the peak of the process."""
            costs = []
            for folder, url in zip(folders, urls, strict=True):
                state = str(folder / "state")
                reading, diff = stage("reading", state), stage("diff", state, url)
                costs.append((reading.value + diff.value, diff.peak))
            times, peaks = zip(*costs, strict=True)
            time = exponent([*zip(sizes, times, strict=True)])
            peak = exponent([*zip(sizes, peaks, strict=True)])
            return Cost(wall=time, cpu=time, peak=peak)

        sizes_told = " → ".join(f"{size:,}" for size in sizes)
        yield Group(
            name="growth",
            candidates={"growth": grown, "linear": lambda: _constant(1)},
            rows=tuple(
                Row(
                    what=f"reading and comparing {sizes_told}: exponent of the {what}",
                    candidate="growth",
                    floor="linear",
                    by=by,
                    unit="",
                    reach=1.05,
                )
                for by, what in (("cpu", "time"), ("peak", "memory"))
            ),
        )


@contextmanager
def peers(scene: Scene) -> Iterator[Group]:
    """Plans of others, with as many records, 1 % of which differ."""
    folder = scene.made(scene.mailboxes)
    cache = scene.emptied("cache-peers")
    config = zones(scene.work / f"zones-{scene.mailboxes}", scene.mailboxes)
    wanted, live = consumers(scene.work / f"consumers-{scene.mailboxes}", scene.mailboxes)
    dns, kong = octodns(scene.work, python=PYTHON), deck(scene.work)
    with (
        serving(str(folder / "live.txt"), "--core", str(SERVER_CORE)) as url,
        serving(str(live), "--core", str(SERVER_CORE)) as admin,
    ):
        mailstate("plan", url=url, cwd=folder, cache=cache)
        candidates: dict[str, Callable[[], Cost]] = {
            "cold plan": lambda: mailstate(
                "plan", url=url, cwd=folder, cache=scene.emptied("cache-cold")
            ),
            "warm plan": lambda: mailstate("plan", url=url, cwd=folder, cache=cache),
        }
        if dns is not None:
            candidates["octoDNS"] = lambda: cost_of(
                dns, "--config-file", config.name, cwd=config.parent
            )
        if kong is not None:
            candidates["decK"] = lambda: cost_of(
                kong, "diff", "--kong-addr", admin, "-s", str(wanted), cwd=wanted.parent
            )
        goals = {"octoDNS": (1 / 25, 1 / 100), "decK": (1 / 10, 1 / 40)}
        yield Group(
            name="peers",
            candidates=candidates,
            rows=tuple(
                Row(
                    what=f"{candidate.replace('plan', '`plan`')} against {floor}",
                    candidate=candidate,
                    floor=floor,
                    reach=reach,
                    heroic=heroic,
                )
                for floor, (reach, heroic) in goals.items()
                for candidate in ("cold plan", "warm plan")
            ),
        )


GROUPS = {
    group.__name__: group
    for group in (files, schema, calls, concurrency, apply, limit, start, views, growth, peers)
}
