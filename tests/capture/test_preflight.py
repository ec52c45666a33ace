from __future__ import annotations

import socket
from pathlib import Path

import pytest
from aiohttp import web

from replay.capture.preflight import (
    Upstream,
    check_listen,
    check_upstream,
    parse_listen,
    parse_upstream,
)
from replay.errors import SurroundingsError, UsageError

from .proxies import Upstream as Server
from .proxies import certificate


async def hello(_: web.Request) -> web.Response:
    return web.Response()


@pytest.mark.parametrize(
    ("url", "upstream"),
    [
        ("http://gws", "http://gws"),
        ("https://GWS:443/", "https://gws"),
        ("http://[::1]:8090", "http://[::1]:8090"),
    ],
)
def test_an_upstream_is_read(url: str, upstream: str) -> None:
    assert str(parse_upstream(url)) == upstream


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("gws:8090", "--upstream gws:8090 has to be an http or https URL, such as http://gws:8090."),
        ("ftp://gws/", "--upstream ftp://gws/ has to be an http or https URL, such as http://gws/."),
        ("http://", "--upstream http:// has to be an http or https URL, such as http://gws:8090."),
        ("http://gws/api/v2", "--upstream names a server and nothing else: write http://gws."),
        ("http://me:pw@gws", "--upstream names a server and nothing else: write http://gws."),
        (
            "http://gws:x",
            "--upstream http://gws:x is no URL: Port could not be cast to integer value as 'x'.",
        ),
    ],
)
def test_another_upstream_is_refused_with_what_to_write(url: str, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_upstream(url)

    assert str(caught.value) == sentence


def test_an_address_to_listen_on_is_read() -> None:
    assert parse_listen("127.0.0.1:8091") == ("127.0.0.1", 8091)
    assert parse_listen("[::1]:0") == ("::1", 0)


@pytest.mark.parametrize("address", ["8091", "localhost", "localhost:http", "x:70000", ":1"])
def test_another_address_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="has to be an address and a port"):
        parse_listen(address)


def test_a_port_in_use_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SurroundingsError) as caught:
            check_listen("127.0.0.1", port)

    assert str(caught.value) == f"port {port} on 127.0.0.1 is in use; --listen chooses another."


def test_an_address_of_another_machine_is_named() -> None:
    with pytest.raises(SurroundingsError, match=r"192\.0\.2\.1 is no address of this machine\."):
        check_listen("192.0.2.1", 0)


def test_an_upstream_that_is_down_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]

    with pytest.raises(SurroundingsError, match=f"the upstream 127.0.0.1:{port} refused the connection"):
        check_upstream(Upstream(scheme="http", host="127.0.0.1", port=port))


def test_an_upstream_without_an_address_is_named() -> None:
    with pytest.raises(SurroundingsError, match=r"the upstream's name nowhere\.invalid is not known\."):
        check_upstream(Upstream(scheme="http", host="nowhere.invalid", port=80))


def test_a_certificate_is_accepted_by_its_authority_or_on_request(tmp_path: Path) -> None:
    context, authority = certificate(tmp_path)
    with Server(hello, context) as server:
        upstream = parse_upstream(server.url)
        check_upstream(upstream, insecure=True)
        check_upstream(upstream, authority=authority)
        with pytest.raises(SurroundingsError) as caught:
            check_upstream(upstream)

    assert str(caught.value) == (
        f"the certificate of 127.0.0.1:{server.port} is not accepted: self-signed certificate;"
        " --insecure accepts it, --upstream-ca names its authority."
    )


def test_an_upstream_that_speaks_no_tls_is_named() -> None:
    with Server(hello) as server:
        upstream = Upstream(scheme="https", host="127.0.0.1", port=server.port)
        with pytest.raises(SurroundingsError, match=r"does not speak TLS: "):
            check_upstream(upstream)


def test_an_authority_that_is_no_certificate_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    with pytest.raises(UsageError, match=r"--upstream-ca .*ca\.pem cannot be used: "):
        check_upstream(Upstream(scheme="https", host="x", port=1), authority=tmp_path / "ca.pem")
