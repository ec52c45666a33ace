"""The files of `examples/replicas`: what reads them in earnest takes them, and they say what is so."""

from __future__ import annotations

import importlib
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from replay.cli.serve import serve
from replay.registry import RESOURCES, resolve
from replay.server.control.terms import PREFIX
from tests.recipes.recipe import commands

from .balancers import EXAMPLES, PORTS

VERSION = "1.37"
"""Of Kubernetes."""


def check(*command: str) -> None:
    """Holds that a program has nothing to say against a file."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_haproxy_takes_its_configuration(haproxy: str) -> None:
    check(haproxy, "-c", "-f", str(EXAMPLES / "haproxy.cfg"))


@pytest.mark.full
def test_nginx_takes_its_configuration(nginx: str, tmp_path: Path) -> None:
    check(nginx, "-t", "-p", str(tmp_path), "-c", str(EXAMPLES / "nginx.conf"))


def test_haproxy_takes_the_configuration_of_the_manifest(haproxy: str, tmp_path: Path) -> None:
    file = tmp_path / "haproxy.cfg"
    # Here nobody knows the names of a cluster.
    text = re.sub(r"(?<= )replay-\d(?=:)", "127.0.0.1", balancing())
    file.write_text(text, encoding="utf-8")

    check(haproxy, "-c", "-f", str(file))


def test_the_manifest_balances_as_the_example_does() -> None:
    def lines(text: str) -> list[str]:
        kept = (line.strip() for line in text.splitlines())
        return [line for line in kept if line and not line.startswith(("#", "server ", "bind "))]

    assert lines(balancing()) == lines((EXAMPLES / "haproxy.cfg").read_text(encoding="utf-8"))


def manifest() -> list[dict[str, Any]]:
    """What is applied."""
    return list(yaml.safe_load_all((EXAMPLES / "kubernetes.yaml").read_text(encoding="utf-8")))


def of_kind(kind: str) -> list[dict[str, Any]]:
    """The objects of a kind."""
    return [each for each in manifest() if each["kind"] == kind]


def balancing() -> str:
    """What the manifest has HAProxy do."""
    (config,) = of_kind("ConfigMap")
    return str(config["data"]["haproxy.cfg"])


@pytest.mark.full
def test_kubernetes_schemas_have_nothing_to_say_of_the_manifest() -> None:
    # Its schemas are large: `make prove` installs them.
    kubernetes = importlib.import_module("kubernetes_validate")

    for each in manifest():
        assert kubernetes.validate(each, VERSION, strict=True) == VERSION


def test_every_service_of_the_manifest_finds_its_pods() -> None:
    (stateful,), (balancer,) = of_kind("StatefulSet"), of_kind("Deployment")
    name, count = stateful["metadata"]["name"], stateful["spec"]["replicas"]
    pods = [{"statefulset.kubernetes.io/pod-name": f"{name}-{number}"} for number in range(count)]
    services = {each["metadata"]["name"]: each["spec"]["selector"] for each in of_kind("Service")}

    assert services == {
        **{pod["statefulset.kubernetes.io/pod-name"]: pod for pod in pods},
        "replay": balancer["spec"]["template"]["metadata"]["labels"],
    }
    for each in (stateful, balancer):
        assert each["spec"]["selector"]["matchLabels"] == each["spec"]["template"]["metadata"]["labels"]
    assert re.findall(r"server (\S+) (\S+):8090 cookie (\S+)", balancing()) == [
        (each, each, each) for each in services if each != "replay"
    ]


def test_what_the_manifest_runs_is_served_so_and_probed_where_control_is() -> None:
    (stateful,) = of_kind("StatefulSet")
    (container,) = stateful["spec"]["template"]["spec"]["containers"]
    word, *args = container["args"]
    routes = {f"{PREFIX}/{each.path}": each for name in RESOURCES for each in resolve(RESOURCES, name)}
    environment = {each["name"]: each.get("value", "x") for each in container["env"]}

    with serve.make_context("serve", list(args), auto_envvar_prefix="REPLAY_SERVE") as context:
        asked = context.params
    assert (word, asked["host"], asked["port"]) == (
        "serve",
        "0.0.0.0",
        container["ports"][0]["containerPort"],
    )
    known = {name for each in serve.params if isinstance(each, click.Option) for name in named(each)}
    assert set(environment) <= known
    assert environment["REPLAY_PEERS"].split(",") == [
        f"http://{each['metadata']['name']}:8090"
        for each in of_kind("Service")
        if each["metadata"]["name"] != "replay"
    ]
    for probe in ("readinessProbe", "livenessProbe"):
        # Kubernetes has no token to say.
        assert routes[container[probe]["httpGet"]["path"]].open


def named(option: click.Option) -> Iterator[str]:
    """The variables by which an option is given."""
    yield from [option.envvar] if isinstance(option.envvar, str) else option.envvar or ()


def test_nobody_of_the_manifest_is_anybody_in_particular() -> None:
    for each in (*of_kind("StatefulSet"), *of_kind("Deployment")):
        spec = each["spec"]["template"]["spec"]
        assert spec["securityContext"]["runAsNonRoot"]
        assert spec["securityContext"]["runAsUser"] > 0
        for container in spec["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert {"requests", "limits"} <= set(container["resources"])


@pytest.mark.parametrize("file", ["README.md", "haproxy.cfg", "nginx.conf"])
def test_what_is_said_to_be_started_can_be(file: str) -> None:
    path = EXAMPLES / file
    said = (
        commands(path)
        if file == "README.md"
        else re.findall(r"^#   (.*)", path.read_text("utf-8"), re.MULTILINE)
    )
    started = [shlex.split(line.rstrip("& "))[2:] for line in said if line.startswith("replay serve ")]

    replicas = {}
    for arguments in started:
        with serve.make_context("serve", list(arguments)) as context:
            replicas[context.params["route"]] = context.params
    assert {name: f"127.0.0.1:{each['port']}" for name, each in replicas.items()} == PORTS
    for name, each in replicas.items():
        assert set(each["peers"]) >= {f"http://{at}" for other, at in PORTS.items() if other != name}
