"""With what `verify` comes to a server: from the environment alone, since command lines are seen by all."""

from __future__ import annotations

import re
import ssl
from base64 import b64decode
from collections.abc import Mapping, Sequence
from pathlib import Path

from replay.drive.access import Access, Hidden, by_name
from replay.errors import UsageError

HEADER, USER, PASSWORD = "REPLAY_AUTHORIZATION", "REPLAY_USER", "REPLAY_PASSWORD"


def accesses(
    environment: Mapping[str, str], roles: Sequence[str], trust: ssl.SSLContext | bool, hidden: Hidden
) -> dict[str, Access]:
    """With what each role comes; with its own name alone if nothing is set and there are several.

    Args:
        environment: `REPLAY_USER` and `REPLAY_PASSWORD`, or `REPLAY_AUTHORIZATION`; for one role of several
            with its name behind: `REPLAY_USER_HELPING`.
        roles: Those that are played.
        hidden: Learns what of it is secret.

    Raises:
        UsageError: they do not go together, or are there for some roles only.
    """
    found = {role: _access(environment, _suffix(role), trust, hidden) for role in roles}
    if len(roles) == 1:
        (role,) = roles
        return {role: found[role] or _access(environment, "", trust, hidden) or Access(trust=trust)}
    lacking = [role for role in roles if found[role] is None]
    if len(lacking) == len(roles) and _access(environment, "", trust, hidden) is None:
        return {role: _with(by_name(role), trust) for role in roles}
    if lacking:
        names = " and ".join(f"{USER}{_suffix(role)}" for role in lacking)
        several = f"several agents play this story, each with a login of its own: set {names}"
        raise UsageError(several, help=f"Or name the one to play with --role: {', '.join(roles)}.")
    return {role: access for role, access in found.items() if access is not None}


def _access(
    environment: Mapping[str, str], suffix: str, trust: ssl.SSLContext | bool, hidden: Hidden
) -> Access | None:
    header, user, password = (environment.get(f"{name}{suffix}", "") for name in (HEADER, USER, PASSWORD))
    for name, value in ((HEADER, header), (USER, user), (PASSWORD, password)):
        if not value.isprintable():
            raise UsageError(f"{name}{suffix} holds characters that no header may have")
    hidden.learn(password)
    if header:
        if user or password:
            both = f"{HEADER}{suffix} and {USER}{suffix}"
            raise UsageError(f"{both} exclude each other: unset one")
        scheme, _, proof = header.partition(" ")
        hidden.learn(header, proof.strip())
        if scheme.lower() == "basic":
            hidden.learn(_decoded(proof).partition(":")[2])
        return Access(user=f"{HEADER}{suffix}", authorization=header, trust=trust)
    if password and not user:
        raise UsageError(f"{PASSWORD}{suffix} is set and {USER}{suffix} is not: whose is it?")
    if ":" in user:
        raise UsageError(f"{USER}{suffix} holds a colon, which the names of HTTP's logins may not")
    if not user:
        return None
    access = by_name(user, password)
    hidden.learn(access.authorization.partition(" ")[2])
    return _with(access, trust)


def _decoded(proof: str) -> str:
    try:
        return b64decode(proof).decode("utf-8", "replace")
    except ValueError:
        return ""


def _with(access: Access, trust: ssl.SSLContext | bool) -> Access:
    return Access(user=access.user, authorization=access.authorization, trust=trust)


def _suffix(role: str) -> str:
    return f"_{re.sub(r'[^A-Z0-9]', '_', role.upper())}" if role else ""


def trusted(authority: Path | None, *, insecure: bool) -> ssl.SSLContext | bool:
    """How the target's certificate is checked.

    Raises:
        UsageError: the authority's file cannot be used.
    """
    if insecure or authority is None:
        return not insecure
    try:
        return ssl.create_default_context(cafile=str(authority))
    except (OSError, ssl.SSLError) as error:
        why = error.strerror if type(error) is FileNotFoundError else "it holds no certificate (PEM)"
        raise UsageError(f"--target-ca {authority} cannot be used: {why}") from None
