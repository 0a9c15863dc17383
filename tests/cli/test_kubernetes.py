"""The manifests of docs/ci: what each pod runs, run here, and what keeps it within its bounds."""

import json
import shutil
import subprocess
import sys

import pytest
import yaml

from mailstate.errors import ExitCode
from tests.cli.test_ci_plan import Checkout
from tests.forge.runner import EXAMPLES

APPLY, MERGE = (
    yaml.safe_load((EXAMPLES / name).read_text("utf-8"))
    for name in ("kubernetes.yaml", "kubernetes-merge.yaml")
)
PODS = [job["spec"]["template"]["spec"] for job in (APPLY, MERGE)]
CONTAINERS = [
    container for pod in PODS for container in (*pod.get("initContainers", ()), *pod["containers"])
]


class Pod:
    """A stand-in for a pod: its shell, with its volumes in folders of its own."""

    def __init__(self, place, index):
        self.folder = place.folder / f"pod-{index}"
        self.place = place
        self.index = index
        commands = place.folder / "bin"
        commands.mkdir(exist_ok=True)
        command = commands / "mailstate"
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m mailstate "$@"\n', "utf-8")
        command.chmod(0o755)
        (place.folder / "reports").mkdir(exist_ok=True)
        (self.folder / "state").mkdir(parents=True)

    def inside(self, text):
        """Give *text* with the paths of volumes as they are here."""
        text = text.replace("/reports", str(self.place.folder / "reports"))
        return text.replace("/secret", str(self.place.folder / "secret"))

    def begin(self, container, **known):
        """Begin what a container runs."""
        told = {one["name"]: self.inside(one.get("value", "")) for one in container.get("env", ())}
        at = {"/state": self.folder / "state", "/reports": self.place.folder / "reports"}
        return subprocess.Popen(
            [*container["command"], self.inside(container["args"][0])],
            cwd=at[container["workingDir"]],
            env={
                "PATH": f"{self.place.folder / 'bin'}:/usr/bin:/bin",
                "HOME": str(self.folder),
                "JOB_COMPLETION_INDEX": str(self.index),
                **told,
                **known,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, container, **known):
        """Run what a container runs, and give its exit code and what it says."""
        return ended(self.begin(container, **known))


def ended(process):
    """Give the exit code of *process* and what it said."""
    with process:
        said, _ = process.communicate()
    return process.returncode, said


@pytest.mark.timeout(180)
def test_each_pod_applies_its_shard_and_one_makes_the_report(place):
    """
    Of the same commit; a shard that has reached nobody leaves no report, and is tried again.
    """
    for number in range(4):
        text = f"domains: [{{name: d{number}.example, owners: [bob.durand]}}]\n"
        place.write(f"state/d{number}.yaml", text)
    checkout = Checkout(place)
    checkout.git("init", "-q")
    checkout.git("config", "uploadpack.allowAnySHA1InWant", "true")
    commit = checkout.commit("state")
    place.write("secret/password", place.sandbox.password)
    (files,), (apply,) = PODS[0]["initContainers"], PODS[0]["containers"]
    known = {"MAILSTATE_URL": place.sandbox.url, "MAILSTATE_SMTP_URL": ""}

    pods = [Pod(place, index) for index in range(APPLY["spec"]["completions"])]
    for index, pod in enumerate(pods):
        code, said = pod.run(files, REPOSITORY=place.folder.as_uri(), COMMIT=commit)
        assert 0 == code, said
        if index == 0:
            failed = pod.run(apply, **{**known, "MAILSTATE_URL": "http://127.0.0.1:9"})
            assert ExitCode.REMOTE == failed[0]
            assert not list((place.folder / "reports").glob("report-*"))
        code, said = pod.run(apply, **known)
        assert 0 == code, said
    code, said = pods[0].run(PODS[1]["containers"][0])

    assert ExitCode.OK == code, said
    report = json.loads(place.read("reports/report.json"))
    assert report["summary"]["planned"] == report["summary"]["applied"] + report["summary"]["held"]
    created = {one["address"] for one in report["outcomes"] if one["outcome"] == "applied"}
    assert {f"domain/d{number}.example" for number in range(4)} <= created


def test_a_pod_that_is_told_to_end_finishes_its_calls(place):
    """
    Its shell hands the signal on, and it is tried again: what was not begun is left.
    """
    place.write("state/d.yaml", "domains: [{name: d.example, owners: [bob.durand]}]\n")
    place.write("secret/password", place.sandbox.password)
    place.sandbox.add_fault(kind="slow_before", method="POST", path="/domains/", delay=3.0)
    pod = Pod(place, 0)
    shutil.copytree(place.folder / "state", pod.folder / "state" / "state")
    (apply,) = PODS[0]["containers"]

    shell = pod.begin(
        apply, SHARDS="1", MAILSTATE_URL=place.sandbox.url, MAILSTATE_SMTP_URL="", COLUMNS="80"
    )
    place.wait_for("user")
    shell.terminate()
    code, said = ended(shell)

    assert ExitCode.INTERRUPTED == code, said
    report = json.loads(place.read("reports/report-1.json"))
    assert not any(one["outcome"] == "unknown" for one in report["outcomes"])
    assert any(one["outcome"] == "applied" for one in report["outcomes"])
    assert any(one["outcome"] == "not_begun" for one in report["outcomes"])


def test_the_number_of_shards_is_the_same_everywhere():
    """
    In the job and for its pods.
    """
    (env,) = (one["env"] for one in PODS[0]["containers"])
    shards = next(one["value"] for one in env if one["name"] == "SHARDS")

    assert "Indexed" == APPLY["spec"]["completionMode"]
    assert {int(shards)} == {APPLY["spec"]["completions"], APPLY["spec"]["parallelism"]}


@pytest.mark.parametrize("pod", PODS, ids=["apply", "merge"])
def test_a_pod_is_nobody_and_never_started_again_by_itself(pod):
    """
    Without a token of the cluster; only the job decides on another try.
    """
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert (False, "Never") == (pod["automountServiceAccountToken"], pod["restartPolicy"])


@pytest.mark.parametrize("container", CONTAINERS, ids=["files", "apply", "merge"])
def test_a_container_writes_nowhere_but_in_its_volumes(container):
    """
    And has no rights to get; its password comes as a file.
    """
    assert {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    } == container["securityContext"]
    assert "memory" in container["resources"]["limits"]
    assert "MAILSTATE_PASSWORD" not in {one["name"] for one in container.get("env", ())}
    volumes = {one["name"] for pod in PODS for one in pod["volumes"]}
    assert {mount["name"] for mount in container["volumeMounts"]} <= volumes
