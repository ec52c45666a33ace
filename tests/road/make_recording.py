"""Makes `recordings/accept-chat.mitm` and the scenario beside it again, with the real server and client.

python -m tests.road.make_recording
"""

from __future__ import annotations

from .software import ROOT, agent, backend, recorder

RECORDINGS = ROOT / "recordings"


def main() -> None:
    """One agent on cometd 3.1 is offered a chat by cometd-nodejs-server and accepts it."""
    recording, scenario = RECORDINGS / "accept-chat.mitm", RECORDINGS / "accept-chat.yaml"
    for old in (recording, scenario):
        old.unlink(missing_ok=True)
    with backend("cometd") as upstream, recorder(upstream, recording, scenario, redact=True) as proxy:
        agent(proxy, flags=("--get-me", "--ready", "--user", "marat"))


if __name__ == "__main__":
    main()
