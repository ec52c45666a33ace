"""A certificate and its key, for pages that live on https."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import NoReturn

from replay.errors import UsageError


def context(certificate: Path, key: Path) -> ssl.SSLContext:
    """What a listener needs to speak TLS; one PEM that holds both may be given twice.

    Raises:
        UsageError: a file cannot be read, or is not what it should be.
    """
    if b"-----BEGIN CERTIFICATE-----" not in _read(certificate):
        raise UsageError(f"{certificate} holds no certificate in PEM")
    if b"PRIVATE KEY-----" not in _read(key):
        raise UsageError(f"{key} holds no private key in PEM")

    def locked() -> NoReturn:
        # Otherwise OpenSSL asks for the passphrase on the terminal.
        raise UsageError(f"the private key in {key} is locked by a passphrase: unlock it with `openssl pkey`")

    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        made.load_cert_chain(certificate, key, password=locked)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise UsageError(
                f"the private key in {key} is not that of the certificate in {certificate}"
            ) from None
        said = error.reason or str(error)
        raise UsageError(f"{certificate} and {key} cannot be used as certificate and key: {said}") from None
    return made


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}") from None
