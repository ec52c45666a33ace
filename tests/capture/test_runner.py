from __future__ import annotations

import ssl
from pathlib import Path

import httpx
import pytest
from aiohttp import web

from replay.errors import SurroundingsError

from .proxies import Upstream, certificate, eventually, recording, room_for


async def hello(request: web.Request) -> web.Response:
    return web.json_response({"uri": f"https://{request.host}/api/v2/me"})


def test_an_upstream_over_tls_is_recorded_over_http(tmp_path: Path) -> None:
    context, authority = certificate(tmp_path)
    path = tmp_path / "x.mitm"
    with Upstream(hello, context) as upstream, recording(upstream.url, path, upstream_ca=authority) as proxy:
        assert httpx.get(proxy.url).json() == {"uri": f"{proxy.url}/api/v2/me"}

    (exchange,) = proxy.read().exchanges
    assert exchange.url == f"{upstream.url}/"


def test_a_certificate_that_is_not_accepted_is_said(tmp_path: Path) -> None:
    context, _ = certificate(tmp_path)
    with Upstream(hello, context) as upstream, recording(upstream.url, tmp_path / "x.mitm") as proxy:
        assert httpx.get(proxy.url).status_code == 502

    (said,) = proxy.said
    assert "ertificate" in said
    (exchange,) = proxy.read().exchanges
    assert "ertificate" in exchange.failure


def test_a_file_that_cannot_be_written_keeps_it_from_beginning(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    path = tmp_path / "file" / "x.mitm"
    with Upstream(hello) as upstream, recording(upstream.url, path) as proxy:
        pass

    assert isinstance(proxy.failure, SurroundingsError)
    assert str(proxy.failure) == f"{path} cannot be written: File exists."
    assert proxy.url == ""


def test_a_disk_that_stays_full_is_an_error_in_the_end(tmp_path: Path) -> None:
    path = tmp_path / "x.mitm"
    with room_for(20_000), Upstream(hello) as upstream, recording(upstream.url, path) as proxy:
        httpx.get(proxy.url)
        assert httpx.post(proxy.url, content=b"x" * 20_000).status_code == 200
        eventually(lambda: bool(proxy.said))

    assert proxy.said[0] == (
        f"{path} cannot be written: File too large; the traffic goes on, and each exchange tries again."
    )
    assert str(proxy.failure) == f"{proxy.path} lacks 1 of 2 exchanges: File too large."
    assert len(proxy.read().exchanges) == 1


def test_a_recording_of_nothing_leaves_no_file(tmp_path: Path) -> None:
    with Upstream(hello) as upstream, recording(upstream.url, tmp_path / "x.mitm") as proxy:
        pass

    assert proxy.failure is None
    assert not proxy.path.exists()


def test_a_regular_proxy_records_wherever_its_client_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with (
        Upstream(hello) as upstream,
        recording("", tmp_path / "x.mitm") as proxy,
        httpx.Client(proxy=proxy.url) as client,
    ):
        heard = client.get(f"{upstream.url}/a").json()

    # Only a reverse proxy has URLs to change.
    assert heard == {"uri": f"https://127.0.0.1:{upstream.port}/api/v2/me"}
    assert [each.url for each in proxy.read().exchanges] == [f"{upstream.url}/a"]
    authority = tmp_path / ".mitmproxy" / "mitmproxy-ca-cert.pem"
    assert ssl.create_default_context(cafile=str(authority)).cert_store_stats()["x509_ca"] == 1


# mitmproxy makes certificates by calls of cryptography and OpenSSL that are no longer liked.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_regular_proxy_records_https_with_a_certificate_of_mitmproxys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    context, authority = certificate(tmp_path)
    with (
        Upstream(hello, context) as upstream,
        recording("", tmp_path / "x.mitm", upstream_ca=authority) as proxy,
    ):
        trusted = ssl.create_default_context(cafile=tmp_path / ".mitmproxy" / "mitmproxy-ca-cert.pem")
        with httpx.Client(proxy=proxy.url, verify=trusted) as client:
            assert client.get(
                f"{upstream.url}/a", headers={"Authorization": "Bearer canary-t0ken"}
            ).is_success

    (exchange,) = proxy.read().exchanges
    assert (exchange.url, exchange.status) == (f"{upstream.url}/a", 200)
    assert b"canary-t0ken" not in proxy.path.read_bytes()


def test_without_redaction_everything_is_recorded_as_it_is(tmp_path: Path) -> None:
    with Upstream(hello) as upstream, recording(upstream.url, tmp_path / "x.mitm", redact=False) as proxy:
        httpx.get(proxy.url, headers={"Authorization": "Bearer canary-t0ken"})

    (exchange,) = proxy.read().exchanges
    assert exchange.request_header("Authorization") == "Bearer canary-t0ken"
    assert not exchange.redacted


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_client_may_speak_tls_to_a_proxy_whose_authority_is_no_file_any_longer(tmp_path: Path) -> None:
    context, authority = certificate(tmp_path)
    path = tmp_path / "x.mitm"
    with (
        Upstream(hello, context) as upstream,
        recording(upstream.url, path, upstream_ca=authority) as proxy,
        httpx.Client(verify=False) as client,
    ):
        assert client.get(proxy.url.replace("http://", "https://")).status_code == 200

    assert len(proxy.read().exchanges) == 1
