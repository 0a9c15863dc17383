"""
The sandbox is what its own OpenAPI document says, in every profile, whatever it is asked.

schemathesis makes requests from the document, sound ones and spoilt ones, alone and one after the
other, and holds each answer to it: no status, type, header or body that is not written there, and
so no 500 but where the server is known to crash.
"""

import re
from functools import cache
from urllib.parse import quote, unquote

import jsonschema
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi import checks

from mailstate.sandbox import PROFILES
from tests.sandbox.asking import Asker
from tests.sandbox.test_api import ROWS, arrange

CHECKS = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
MODES = (GenerationMode.POSITIVE, GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
CALLERS = (
    "basic:admin",
    "basic:alice",
    "token:admin",
    "token:alice",
    None,
    "Basic ???",
    "Bearer x",
)
KNOWN = {
    "domain": ("a.example", "b.example", "plain.example", "bare.example", "lost.example"),
    "user": ("whole", "left", "right", "simple", "alice", "bob", "contact"),
    "name": ("alice", "bob", "la_regie"),
    "user_name": ("contact", "good"),
    "destination": ("whole@a.example", "ext@else.example"),
}
"""What is there, under the names of parameters and fields."""

BODIES = (b"{", b'"\xff"')
UNSEEN = {("POST", "/domains/", 500)}
UNSEEN_IN = {
    "2024": UNSEEN | {("PATCH", "/domains/{domain}/mailboxes/{user}", 500)},
    "2024-check": UNSEEN | {("PATCH", "/domains/{domain}/mailboxes/{user}", 500)},
    "2026": UNSEEN,
}
"""What needs a database with widths, or an Open-Xchange in which names are unique."""


@cache
def document(profile, asker):
    """Give the document that the server of *profile* hands out."""
    found = asker("GET /openapi.json").json()
    jsonschema.Draft202012Validator.check_schema({"$defs": found["components"]["schemas"]})
    return found


def is_redirection(calls):
    """Whether a path is only the wrong form of another one."""
    return all({"307"} == call["responses"].keys() for call in calls.values())


def api(profile, asker):
    """Give the document without the wrong forms of its paths."""
    found = document(profile, asker)
    paths = {path: calls for path, calls in found["paths"].items() if not is_redirection(calls)}
    return {**found, "paths": paths}


def described(paths, method, path):
    """Give the path of the document that *path* belongs to: that with the fewest parameters."""
    fitting = [
        known
        for known, calls in paths.items()
        if method.lower() in calls and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", known), path)
    ]
    return min(fitting, key=lambda known: known.count("{"), default=None)


def filled(path):
    """Give *path* with something for each parameter."""
    return re.sub(r"\{\w+\}", "a.example", path)


def conforming(asker, profile, request, **more):
    """Ask, see that the answer is as it is written, and give what was written."""
    found = document(profile, asker)
    response = asker(request, **more)
    method, _, target = request.partition(" ")
    path = described(found["paths"], method, unquote(target.partition("?")[0]))
    if path is None:
        assert response.status_code in {404, 405}
        return method, None, response.status_code
    answers = found["paths"][path][method.lower()]["responses"]

    assert str(response.status_code) in answers, request
    content = answers[str(response.status_code)].get("content", {})
    kind = response.headers.get("content-type", "").partition(";")[0]
    assert {*content} == ({kind} if kind else set())
    for described_as in content.values():
        body = response.json() if kind == "application/json" else response.text
        schema = {**described_as["schema"], "components": found["components"]}
        jsonschema.validate(body, schema, jsonschema.Draft202012Validator)
    return method, path, response.status_code


@pytest.mark.parametrize("profile", PROFILES)
def test_the_document_says_what_the_contract_says_and_nothing_else(ask, profile):
    """
    Each row of the contract is answered as written, and all that is written is answered to some.
    """
    paths = api(profile, ask)["paths"]
    seen = set()
    for row in ROWS:
        if profile in row.profiles:
            ask.sandbox.reset()
            arrange(ask)
            asked = {"json": row.json} if row.json is not None else {}
            seen.add(conforming(ask, profile, row.request, by=row.by, **asked))
    for path, calls in paths.items():
        for method, call in calls.items():
            by = "basic:admin" if "basic" in call["security"][0] else "token:admin"
            request = f"{method.upper()} {filled(path)}"
            for body in BODIES if "requestBody" in call else ():
                seen.add(conforming(ask, profile, request, by=by, content=body))
            for caller in (None, "basic:bob", "Basic eDp5", "Bearer x"):
                seen.add(conforming(ask, profile, request, by=caller))
    written = {
        (method.upper(), path, int(status))
        for path, calls in paths.items()
        for method, call in calls.items()
        for status in call["responses"]
    }

    assert UNSEEN_IN[profile] == written - seen


@pytest.mark.parametrize("profile", PROFILES)
def test_the_wrong_slash_is_written_too(ask, profile):
    """
    For each call, unless the path with the other slash is a call of its own.
    """
    for path, calls in document(profile, ask)["paths"].items():
        if is_redirection(calls):
            for method in calls:
                request = f"{method.upper()} {filled(path)}"
                assert 307 == conforming(ask, profile, request)[2]


@pytest.mark.parametrize("profile", PROFILES)
def test_what_is_not_the_api_is_not_in_its_document(ask, profile):
    """
    Neither the routes that steer the sandbox, nor calls of other profiles.
    """
    paths = document(profile, ask)["paths"]

    assert not [path for path in paths if "sandbox" in path]
    assert (profile == "2026") == ("/domains/{domain}/fix/" in paths)
    assert (profile != "2024") == ("/domains/{domain}/check" in paths)


def is_of_its_path(case):
    """Whether no name is empty, has a slash or is all dots, and so belongs to another path."""
    names = [unquote(str(name)) for name in case.path_parameters.values()]
    return all(name.strip(".") and "/" not in name for name in names)


def with_known_names(draw, case, known):
    """Ask, now and then, about what is there; in paths, names are quoted."""
    for part in (case.path_parameters, case.body):
        for name in known if isinstance(part, dict) else ():
            if name in part and draw(st.integers(0, 3)):
                value = draw(st.sampled_from(known[name]))
                part[name] = quote(value, safe="") if part is case.path_parameters else value


def hold_to_its_document(profile, running, examples, longest):
    """
    Ask the server of *profile* this and that, and then of what was made so.

    The links that schemathesis follows by itself lead through what the server has drawn at
    random, and tests that do are never the same twice: names that were sent are remembered here.
    """
    asker: Asker = running[profile]
    found = api(profile, asker)
    schema = schemathesis.openapi.from_dict(found)
    operations = [
        schema[path][method] for path, calls in found["paths"].items() for method in calls
    ]

    @settings(max_examples=examples, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def run(data):
        asker.sandbox.reset()
        arrange(asker)
        headers = {by: by and asker.header(by) for by in CALLERS}
        known = {name: [*values] for name, values in KNOWN.items()}
        for _ in range(data.draw(st.integers(1, longest))):
            operation = data.draw(st.sampled_from(operations))
            mode = data.draw(st.sampled_from(MODES))
            case = data.draw(operation.as_strategy(generation_mode=mode))
            if mode is GenerationMode.POSITIVE:
                with_known_names(data.draw, case, known)
            assume(is_of_its_path(case))
            kind = next(iter(operation.definition.raw["security"][0]))
            by = data.draw(st.sampled_from([*[f"{kind}:admin"] * 9, *CALLERS]))
            response = held(asker, case, headers[by])
            assert_form_is_judged(found["paths"], case, response)
            if operation.method == "post" and response.status_code < 300:
                for part in (case.path_parameters, case.body):
                    for name in KNOWN.keys() & (part if isinstance(part, dict) else {}):
                        is_quoted = part is case.path_parameters
                        known[name].append(unquote(part[name]) if is_quoted else part[name])

    run()


def assert_form_is_judged(paths, case, response):
    """See that a body of the wrong form is refused, and one of the right form not for its form."""
    asked = paths[case.operation.path][case.operation.method].get("requestBody")
    if asked is None or not isinstance(case.body, dict | list | str | int | float | None):
        return
    schema = asked["content"]["application/json"]["schema"]
    is_sound = jsonschema.Draft202012Validator(schema).is_valid(case.body)
    is_about_form = response.status_code == 422 and isinstance(response.json()["detail"], list)

    assert not (is_sound and is_about_form)
    assert is_sound or 400 <= response.status_code < 500


def held(asker, case, header):
    """Send what schemathesis has made, hold the answer to the document, and give it."""
    headers = {"Authorization": header} if header else {}
    with requests.Session() as http:
        response = case.call(base_url=asker.sandbox.url, headers=headers, session=http)
    case.validate_response(response, checks=CHECKS)
    return response


@pytest.mark.parametrize("profile", PROFILES)
def test_whatever_is_asked_is_answered_as_written(running, profile):
    """
    Sound and spoilt requests, by admins, users and strangers.
    """
    hold_to_its_document(profile, running, max(30, settings().max_examples), 12)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("profile", PROFILES)
def test_whatever_is_asked_for_long_is_answered_as_written(running, profile):
    """
    The same, many times over.
    """
    hold_to_its_document(profile, running, 500, 20)
