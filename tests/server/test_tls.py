"""A server that speaks https, and certificates that will not do."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import aiohttp
import pytest
from cryptography.hazmat.primitives import serialization

from replay.errors import UsageError
from replay.server.runner import Server
from replay.testing import scenario
from tests.certificates import self_signed

from .conftest import Loop
from .running import STORY, run

CROSS_SITE = "; Path=/; HttpOnly; Secure; SameSite=None"


def trusting(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate))


def test_rest_polls_and_sockets_go_over_tls_and_name_it(loop: Loop, tmp_path: Path) -> None:
    certificate = self_signed(tmp_path)

    async def main() -> None:
        connector = aiohttp.TCPConnector(ssl=trusting(certificate[0]), force_close=True)
        async with (
            Server([scenario(STORY)], certificate=certificate) as server,
            aiohttp.ClientSession(connector=connector) as http,
        ):
            assert server.url.startswith("https://127.0.0.1:")
            assert server.cometd_url == f"{server.url}/cometd"
            handshake = [{"channel": "/meta/handshake"}]
            async with http.post(server.cometd_url, json=handshake) as answer:
                assert answer.headers["Set-Cookie"].endswith(CROSS_SITE)
            async with http.get(f"{server.url}/where") as answer:
                assert answer.headers["Set-Cookie"].endswith(CROSS_SITE)
                assert await answer.json() == server.url
            async with http.ws_connect(server.cometd_url) as socket:
                await socket.send_json(handshake)
                assert (await socket.receive_json())[0]["successful"]

    run(main(), loop)


def test_what_is_no_tls_gets_no_answer_and_harms_nobody(loop: Loop, tmp_path: Path) -> None:
    certificate = self_signed(tmp_path)

    async def main() -> None:
        async with Server([scenario("")], certificate=certificate) as server:
            port = int(server.url.rpartition(":")[2])
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            assert not (await reader.read()).startswith(b"HTTP/")
            writer.close()
            await writer.wait_closed()

    run(main(), loop)


def test_one_file_may_hold_both(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    both = tmp_path / "both.pem"
    both.write_bytes(key.read_bytes() + certificate.read_bytes())

    assert Server([scenario("")], certificate=(both, both)).url.startswith("https://")


def refusal(certificate: Path, key: Path) -> str:
    with pytest.raises(UsageError) as refused:
        Server([scenario("")], certificate=(certificate, key))
    return str(refused.value)


def test_files_that_will_not_do_are_named(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    _, strange = self_signed(tmp_path, "strange")
    missing = tmp_path / "missing.crt"
    broken = tmp_path / "broken.crt"
    broken.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")

    assert refusal(missing, key) == f"cannot read {missing}: No such file or directory"
    assert refusal(tmp_path, key) == f"cannot read {tmp_path}: Is a directory"
    assert refusal(key, certificate) == f"{key} holds no certificate in PEM"
    assert refusal(certificate, certificate) == f"{certificate} holds no private key in PEM"
    assert refusal(certificate, strange) == (
        f"the private key in {strange} is not that of the certificate in {certificate}"
    )
    assert refusal(broken, key).startswith(f"{broken} and {key} cannot be used as certificate and key: ")


def test_a_key_under_a_passphrase_is_refused_instead_of_asked_for(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    opened = serialization.load_pem_private_key(key.read_bytes(), password=None)
    locked = serialization.BestAvailableEncryption(b"secret")
    key.write_bytes(
        opened.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked)
    )

    assert refusal(certificate, key) == (
        f"the private key in {key} is locked by a passphrase: unlock it with `openssl pkey`"
    )
