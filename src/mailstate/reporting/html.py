"""
A plan as one page that needs nothing but itself: to read, to search, to print, to keep.

Nothing in it is fetched, and no script runs but ours: a policy says so to the browser. Without
the script it is all there; with it, what is looked for can be picked out.
"""

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape

from mailstate import __version__
from mailstate.model.resources import Kind, kind_of
from mailstate.planning.checks import zone_line
from mailstate.planning.plan import Action, Actor, Blocked, Change, Plan, Unmanaged
from mailstate.reporting.arranged import (
    CAUSED,
    LABELS,
    MUST_ACT,
    PLURALS,
    Wait,
    aside,
    asked_first,
    by_cause,
    by_domain,
    domain_of,
    fault,
    grouped,
    left_alone,
    removals_first,
    table,
    to_do,
    waits,
)
from mailstate.reporting.lead import lead
from mailstate.reporting.links import Links
from mailstate.reporting.picture import DRAWN, picture
from mailstate.reporting.pieces import Value, described, told
from mailstate.reporting.plan_json import Context
from mailstate.reporting.tags import asset, attribute, code, joined, place_link, sentence
from mailstate.reporting.words import HOLD

_FEW = 40
_NAMED = 10
_KIND = {kind: kind.value for kind in Kind}
_VERB = {Action.CREATE: "create", Action.UPDATE: "change", Action.DELETE: "remove"}


def plan_html(plan: Plan, context: Context, *, links: Links | None = None) -> str:
    """The whole of *plan* as one page."""
    return "".join(_Page(plan, context, links or Links()).parts())


class _Page:
    """One page, in the order in which it is read."""

    def __init__(self, plan: Plan, context: Context, links: Links) -> None:
        self._plan = asked_first(plan, context.causes)
        self._context = context
        self._causes = context.causes
        self._links = links

    def parts(self) -> Iterator[str]:
        """The page, piece by piece."""
        plan, context = self._plan, self._context
        style, script = asset("style.css"), asset("script.js")
        policy = (
            f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
            "base-uri 'none'; form-action 'none'"
        )
        yield _HEAD.format(policy=policy, title=attribute(context.target), style=style)
        yield self._header()
        yield _table(plan)
        if drawn := picture(plan):
            yield f"<figure>\n<figcaption>{DRAWN}</figcaption>\n{drawn}</figure>\n"
        removals, others = removals_first(plan.changes)
        if plan != Plan():
            yield _FILTERS
        yield from self._section("Removed", self._list(removals))
        yield from self._section("Refused by a guard", self._blocked(plan.refused))
        yield from self._section("Somebody must decide", self._blocked(plan.conflicts))
        yield from self._section("Waiting", self._waiting(waits(plan.held)))
        yield from self._changes("Other changes" if removals else "Changes", others)
        yield from self._section("Left alone", self._left_alone())
        yield _FOOT.format(version=escape(__version__), script=script)

    def _header(self) -> str:
        context = self._context
        about = f"Plan for {code(context.target)}"
        if selection := context.selection:
            about += (
                f", about {selection['domains']} of {selection['declared']} domains: "
                "nobody looked at the others"
            )
        said = lead(self._plan, is_partial=bool(context.selection), causes=self._causes)
        return (
            f'<header>\n<p class="quiet">{about}</p>\n<h1>{joined(said)}</h1>\n</header>\n'
            '<main id="main">\n'
        )

    def _section(self, title: str, parts: Iterable[str]) -> Iterator[str]:
        """A part of the page under its title, if there is anything in it."""
        body = iter(parts)
        first = next(body, None)
        if first is not None:
            yield f"<section data-group>\n<h2>{title}</h2>\n{first}"
            yield from body
            yield "</section>\n"

    def _list(
        self, changes: Sequence[Change], *, tone: str = "", is_labelled: bool = True
    ) -> Iterator[str]:
        """*changes* one by one; a *tone* has them look otherwise than what is done."""
        if changes:
            yield f'<ul class="{f"changes {tone}".rstrip()}">\n'
            yield from (self._line(change, is_labelled=is_labelled) for change in changes)
            yield "</ul>\n"

    def _line(self, change: Change, *, is_labelled: bool) -> str:
        verb, said, resource = _VERB[change.action], joined(told(change)), change.resource
        key = resource.key
        label = LABELS.get(self._causes[key]) if self._causes and is_labelled else None
        what = code(key)
        if label:
            what += f' <span class="label">{label}</span>'
        if said:
            what += f' <span class="said">{said}</span>'
        place = place_link(change.place, self._links.files) if change.place else ""
        return (
            f'<li data-kind="{_KIND[kind_of(resource)]}" data-action="{verb}" '
            f'data-domain="{attribute(domain_of(resource))}">'
            f'<span class="verb {verb}">{verb}</span> '
            f"<span>{what}</span> "
            f'<span class="place">{place}</span></li>\n'
        )

    def _changes(self, title: str, changes: Sequence[Change]) -> Iterator[str]:
        is_open = len(changes) <= _FEW
        sections = {title: changes}
        if self._causes is not None:
            by_its = by_cause(changes, self._causes)
            sections = {CAUSED[cause]: some for cause, some in by_its.items()}
        for name, some in sections.items():
            yield from self._section(name, self._folds(some, is_open=is_open))

    def _folds(self, changes: Sequence[Change], *, is_open: bool) -> Iterator[str]:
        for domain, some in by_domain(changes):
            name = code(domain) if domain else "People"
            yield _fold(f"<h3>{name}</h3>", to_do(some), is_open=is_open)
            yield from self._list(some, is_labelled=False)
            yield "</details>\n"

    def _blocked(self, entries: Sequence[Blocked]) -> Iterator[str]:
        for detail, some in grouped(entries, lambda entry: entry.detail).items():
            yield f'<div data-group>\n<p class="why">{sentence(detail)}</p>\n'
            yield from self._list([entry.change for entry in some], tone="stopped")
            yield "</div>\n"

    def _waiting(self, waiting: Mapping[Actor, Sequence[Wait]]) -> Iterator[str]:
        is_open = len(self._plan.held) <= _FEW
        for actor, some in waiting.items():
            yield f"<div data-group>\n<h3>{MUST_ACT[actor]}</h3>\n"
            for wait in some:
                yield f'<div class="wait" data-group>\n{_wait(wait)}'
                yield _fold("What waits", to_do(wait.changes), is_open=is_open)
                yield from self._list(wait.changes, tone="held")
                yield "</details>\n</div>\n"
            yield "</div>\n"

    def _left_alone(self) -> Iterator[str]:
        for title, some in left_alone(self._plan.unmanaged):
            yield _fold(title, "", is_open=False)
            yield '<ul class="changes">\n'
            yield from map(_stray, some)
            yield "</ul>\n</details>\n"


def _fold(title: str, aside_of_it: str, *, is_open: bool) -> str:
    """What begins a fold; whoever fills it ends it."""
    quiet = f' <span class="quiet">{aside_of_it}</span>' if aside_of_it else ""
    return f"<details data-group{' open' if is_open else ''}>\n<summary>{title}{quiet}</summary>\n"


def _wait(wait: Wait) -> str:
    """What is waited for, why, and the records that are to be published."""
    hold = wait.hold
    names = ", ".join(map(code, wait.domains[:_NAMED]))
    if len(wait.domains) > _NAMED:
        names += f" and {len(wait.domains) - _NAMED:,} more domains"
    text = f"<p><strong>{HOLD[hold.reason].capitalize()}:</strong> {names}"
    text += f": {sentence(hold.detail)}</p>\n"
    if hold.checks:
        faults = "".join(
            f"<li>{sentence(fault(check, hold.domain))}</li>\n" for check in hold.checks
        )
        text += f"<ul>\n{faults}</ul>\n"
    if hold.records:
        lines = "\n".join(escape(Value(zone_line(one, hold.domain)).shown) for one in hold.records)
        text += (
            f"<p>To publish in the DNS of {code(hold.domain)}:</p>\n"
            f'<pre tabindex="0"><code>{lines}</code></pre>\n'
        )
    return text


def _stray(entry: Unmanaged) -> str:
    said = " ".join(filter(None, (joined(described(entry.resource)), sentence(aside(entry)))))
    said = f' <span class="said">{said}</span>' if said else ""
    return (
        f'<li data-kind="{kind_of(entry.resource)}" data-action="stay" '
        f'data-domain="{attribute(domain_of(entry.resource))}">'
        f'<span class="verb">stays</span> <span>{code(entry.resource.key)}{said}</span></li>\n'
    )


def _table(plan: Plan) -> str:
    columns, rows = table(plan)
    if not rows:
        return ""
    heads = "".join(f'<th scope="col" class="{name}">{name}</th>' for name in columns)
    body = ""
    for kind, counts in rows.items():
        cells = "".join(
            f'<td class="{f"some {name}" if count else "none"}">{count:,}</td>'
            for name, count in zip(columns, counts, strict=True)
        )
        body += f'<tr><th scope="row">{PLURALS[kind]}</th>{cells}</tr>\n'
    return (
        '<div class="scroll" role="region" aria-label="Numbers" tabindex="0">\n'
        "<table>\n<caption>How many of each</caption>\n"
        f"<thead><tr><td></td>{heads}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>\n</div>\n"
    )


def _hash(text: str) -> str:
    """How a policy names the one style or script that it allows."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _options(values: Iterable[str]) -> str:
    return '<option value="">any</option>' + "".join(f"<option>{one}</option>" for one in values)


_HEAD = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>Plan for {title}</title>
<style>{style}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the plan</a>
"""

_FILTERS = f"""\
<form class="filters" role="search" aria-label="Pick out changes" hidden>
<label class="wide">Search<input type="search" name="search" autocomplete="off"></label>
<label class="wide">Domain<input type="search" name="domain" autocomplete="off"></label>
<label>Kind<select name="kind">{_options(PLURALS)}</select></label>
<label>Action<select name="action">{_options([*_VERB.values(), "stay"])}</select></label>
<output aria-live="polite"></output>
</form>
"""

_FOOT = """\
</main>
<footer>
<p>Made by mailstate {version}. Nothing was changed: this is what an apply would do.</p>
</footer>
<script>{script}</script>
</body>
</html>
"""
