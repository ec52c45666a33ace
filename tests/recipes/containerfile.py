"""What a Containerfile says of its last stage: as much as it takes to do here what a container does there."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import NamedTuple


class Instruction(NamedTuple):
    """One instruction: its word in capitals, and the rest of its line."""

    word: str
    rest: str


class Image:
    """What is run, as whom and where."""

    def __init__(self, file: Path) -> None:
        text = re.sub(r"^#.*\n", "", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
        lines = text.replace("\\\n", " ").splitlines()
        all_of_it = [Instruction(*line.strip().split(maxsplit=1)) for line in lines if line.strip()]
        begins = [place for place, each in enumerate(all_of_it) if each.word == "FROM"]
        self.bases = [all_of_it[place].rest.split()[0] for place in begins]
        self.built, self.last = all_of_it[begins[0] : begins[-1]], all_of_it[begins[-1] :]

    def one(self, word: str) -> str:
        """What the only instruction of this word says."""
        (rest,) = (each.rest for each in self.last if each.word == word)
        return rest

    @property
    def user(self) -> tuple[int, int]:
        """The numbers of user and group."""
        user, _, group = self.one("USER").partition(":")
        return int(user), int(group)

    @property
    def environment(self) -> dict[str, str]:
        """What is set, with names in it as they stand."""
        pairs = (each for one in self.last if one.word == "ENV" for each in shlex.split(one.rest))
        return dict(each.split("=", 1) for each in pairs)

    @property
    def command(self) -> list[str]:
        """Program and arguments, which no shell stands before."""
        return [*json.loads(self.one("ENTRYPOINT")), *json.loads(self.one("CMD"))]

    @property
    def health(self) -> list[str]:
        """The program that asks whether it is well, and its arguments."""
        return list(json.loads(self.one("HEALTHCHECK").partition(" CMD ")[2]))
