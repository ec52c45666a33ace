"""The recipe for containers. No daemon is here: what one does is done by hand, as the file says it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from replay.scenario.load import load
from tests.certificates import self_signed
from tests.road.software import PATIENCE, ROOT, Process

from .containerfile import Image
from .recipe import EXAMPLES

pytestmark = pytest.mark.live

FOLDER = EXAMPLES / "container"
READS = 1 << 2
"""The right to read all files, CAP_DAC_READ_SEARCH."""
TOOLS = Path(sys.executable).parent


@pytest.fixture
def image() -> Image:
    return Image(FOLDER / "Containerfile")


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that everybody may read, and nobody but its owner may write."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_what_reads_container_files_has_nothing_to_say_of_ours() -> None:
    linted = [str(TOOLS / "hadolint"), str(FOLDER / "Containerfile")]
    done = subprocess.run(linted, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_what_others_depend_on_is_made_of_what_is_here() -> None:
    (service,) = yaml.safe_load((FOLDER / "compose.yaml").read_text(encoding="utf-8"))["services"].values()
    build = service["build"]
    scenarios, _, _ = service["volumes"][0].partition(":")
    serve, file = service["command"]

    assert (FOLDER / build["context"] / build["dockerfile"]).resolve() == FOLDER / "Containerfile"
    assert serve == "serve"
    assert load(FOLDER / scenarios / file).name == "accept-chat"


def test_it_is_plain_and_nobody_in_particular(image: Image) -> None:
    assert set(image.bases) == {"python:3.12-slim"}
    assert image.user > (0, 0)
    assert image.one("EXPOSE") == "8090"
    for each in image.built:
        if each.word == "COPY":
            *sources, _ = each.rest.split()
            assert [name for name in sources if not (ROOT / name).exists()] == []


def test_it_serves_is_found_healthy_and_ends_when_told(image: Image, place: Path) -> None:
    environment = {"PATH": f"{TOOLS}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}

    with contained(image, place, environment) as (server, ask):
        assert ask() == 0, server.output
        assert server.stop(signal.SIGTERM) == 0, server.output
        assert ask() != 0
    assert list(place.iterdir()) == []


def test_it_is_healthy_under_tls_and_while_a_fault_lets_nobody_in(image: Image, place: Path) -> None:
    environment = {"PATH": f"{TOOLS}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    certificate, key = self_signed(place)
    key.chmod(0o644)
    faults = place / "faults.yaml"
    faults.write_text("- {name: away, fault: refuse, from: 0s}\n", encoding="utf-8")

    odd = ("--tls", str(certificate), str(key), "--faults", str(faults))
    with contained(image, place, environment, arguments=odd) as (server, ask):
        assert ask() == 0, server.output
        assert server.stop(signal.SIGTERM) == 0, server.output


def test_what_it_builds_serves_as_the_first_process_of_its_world(image: Image, place: Path) -> None:
    for each in image.built:
        rest = each.rest.replace("/src", f"{place}/src").replace("/opt/", f"{place}/opt/")
        if each.word == "COPY":
            *sources, target = rest.split()
            for name in sources:
                copy(ROOT / name, Path(target))
        elif each.word == "RUN":
            run = rest.replace("python -m venv", f"{sys.executable} -m venv", 1)
            done = subprocess.run(["sh", "-euc", run], check=False, cwd=place, capture_output=True, text=True)
            assert done.returncode == 0, done.stdout + done.stderr
    shutil.rmtree(place / "src")
    path = image.environment["PATH"].replace("/opt/", f"{place}/opt/").replace("$PATH", os.environ["PATH"])

    alone = ("unshare", "--pid", "--fork", "--kill-child")
    with contained(image, place, {"PATH": path}, alone) as (server, ask):
        assert ask() == 0, server.output
        parent = server.number
        (first,) = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()
        os.kill(int(first), signal.SIGTERM)
        assert server.wait() == 0, server.output


def copy(source: Path, target: Path) -> None:
    """What COPY does with one source: a file goes into a folder, of a folder its content."""
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        target.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)


@contextmanager
def contained(
    image: Image,
    folder: Path,
    environment: dict[str, str],
    alone: tuple[str, ...] = (),
    arguments: tuple[str, ...] = (),
) -> Iterator[tuple[Process, Callable[[], int]]]:
    """The command of an image, under way, and what asks for its health; on a port of its own."""
    assert image.environment["REPLAY_SERVE_CONTROL_PORT"] in image.health[-1]
    ports = {"REPLAY_SERVE_PORT": "0", "REPLAY_SERVE_CONTROL_PORT": "0"}
    user = [*as_user(*image.user), "env", "-i", f"--chdir={folder}"]
    user += [f"{name}={value}" for name, value in (image.environment | environment | ports).items()]
    server = Process(*alone, *user, *image.command, *arguments, "--print-url")
    while not (control := server.word("http")).endswith("/__replay"):
        pass
    port = str(urlsplit(control).port)
    health = [each.replace(image.environment["REPLAY_SERVE_CONTROL_PORT"], port) for each in image.health]

    def ask() -> int:
        return subprocess.run([*user, *health], check=False, timeout=PATIENCE).returncode

    yield server, ask


def as_user(user: int, group: int) -> list[str]:
    """What makes a program run as somebody, where whoever runs the tests may do so.

    Where this checkout and its Python stand others may not look, so the right to read is kept, and no other.
    """
    status = Path("/proc/self/status")
    said = status.read_text(encoding="ascii") if status.exists() else ""
    rights = re.search(r"^CapEff:\s*(\w+)", said, re.MULTILINE)
    if os.geteuid() != 0 or rights is None or not int(rights[1], 16) & READS:
        return []
    kept = ["--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search"]
    return ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", "--no-new-privs", *kept]
