"""A scenario made of others: what it extends, what it includes, its own, each laid over those before.

Values are put together, not models, and of each is known where it was written. So whatever is wrong with the
whole is found by those who look through a single file, and told at its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from replay.errors import Guesses, Problem, ScenarioError
from replay.scenario.model import Made, Scenario, fields_of
from replay.scenario.parts import Part
from replay.scenario.reader import Document, Path

_STEPS = ("session", "steps")
_BY_NAME = ("source", "cometd", "profile_settings", "variables")
_UNITED = ("shift_times", "ignore")
_LISTS = (*_UNITED, "faults", "expect")
_NOT_EXTENDED = ("version", "name", "about")
_INCLUDED = ("variables", *_STEPS, *_UNITED)
_PROFILE = Scenario(version=1, name="any", steps=[]).profile
_KINDS = ("push", "request")
_MADE = tuple(field.encode_name for field in fields_of(Made))


class Origin(NamedTuple):
    """Where a value was written."""

    document: Document
    path: Path

    def at(self, *inner: str | int) -> Origin:
        """Where what is within it was written."""
        return Origin(self.document, (*self.path, *inner))

    def problem(self, what: str, advice: str = "", *, key: bool = False) -> Problem:
        """A problem with it, or with its key."""
        return self.document.problem(self.path, what, help=advice, key=key)

    def spot(self) -> str:
        """To be named in the words of another problem."""
        return f"{self.document.file}:{self.document.spot(self.path)}"


class Composed(Document):
    """Values of several files, each with its place in its own file."""

    origins: Mapping[Path, Origin] = {}

    def origin(self, path: Path) -> Origin:
        """Where the value at `path` was written."""
        length = next(length for length in range(len(path), -1, -1) if path[:length] in self.origins)
        return self.origins[path[:length]].at(*path[length:])

    def place(self, path: Path, *, key: bool = False) -> tuple[int, int]:
        """Line and column in the file that says it."""
        origin = self.origin(path)
        return origin.document.place(origin.path, key=key)

    def spot(self, path: Path) -> str:
        """File, line and column."""
        return self.origin(path).spot()

    def problem(self, path: Path, what: str, *, help: str = "", key: bool = False) -> Problem:  # noqa: A002
        """A problem with the value at `path`, in the file that says it."""
        return self.origin(path).problem(what, help, key=key)


class _Entry(NamedTuple):
    """A value that is taken over as a whole or, where it is a step, key by key."""

    value: Any
    origin: Origin
    among: str = ""
    """Of a step: `session` or `steps`."""
    inner: Mapping[str, Origin] = {}
    """Of a step that is laid over another: where each key was written."""
    below: frozenset[tuple[int, Path]] = frozenset()
    """Of such a step: what it is laid over."""

    def key(self, name: str) -> Origin:
        """Where this key of a step was written."""
        return self.inner.get(name) or self.origin.at(name)

    def kind(self) -> str:
        """Of a step: `push` or `request`, as far as it says so."""
        return next((kind for kind in _KINDS if kind in self.value), "")

    def layers(self) -> frozenset[tuple[int, Path]]:
        """What it consists of: where each of those that are laid over each other was written."""
        return self.below | {(id(self.origin.document), self.origin.path)}

    def over(self, other: _Entry) -> _Entry:
        """A step, laid over another."""
        inner = {name: other.key(name) for name in other.value} | {
            name: self.key(name) for name in self.value
        }
        value = {**other.value, **self.value}
        return _Entry(value, self.origin, other.among, inner, self.below | other.layers())


class _Whole:
    """What a file comes to with all that it is made of."""

    def __init__(self, document: Document) -> None:
        self.origin = Origin(document, ())
        self.heads: dict[str, Origin] = {}
        """Where each key at the top was written last."""
        self.single: dict[str, Any] = {}
        self.named: dict[str, dict[str, _Entry]] = {}
        self.lists: dict[str, list[_Entry]] = {}
        self.steps: dict[str, _Entry] = {}

    def profile(self) -> str:
        """The API that it is of."""
        return str(self.single.get("profile", _PROFILE))

    def lay(self, other: _Whole, keys: Iterable[str]) -> None:
        """Lays another over it, but not its steps."""
        for key in keys:
            if key in other.heads:
                self.heads[key] = other.heads[key]
            if key in other.single:
                self.single[key] = other.single[key]
            if key in other.named:
                self.named[key] = self.named.get(key, {}) | other.named[key]
            if key in other.lists:
                self.lists[key] = _joined(key, self.lists.get(key, []), other.lists[key])

    def put_ahead(self, ahead: dict[str, list[str]]) -> None:
        """Puts steps before others, of which each may have been put before another itself."""
        if not ahead:
            return
        moved = {step for steps in ahead.values() for step in steps}
        left = [step for step in reversed(self.steps) if step not in moved]
        order: list[str] = []
        while left:
            waiting = ahead.pop(left[-1], None)
            if waiting is None:
                order.append(left.pop())
            else:
                left += reversed(waiting)
        self.steps = {step: self.steps[step] for step in order}

    def document(self) -> Composed:
        """Its values, as those of one file."""
        value: dict[str, Any] = {**self.single, **{name: [] for name in _STEPS}}
        origins: dict[Path, Origin] = {
            (): self.origin,
            **{(key,): origin for key, origin in self.heads.items()},
        }
        for key, named in self.named.items():
            value[key] = {name: entry.value for name, entry in named.items()}
            origins |= {(key, name): entry.origin for name, entry in named.items()}
        for key, entries in self.lists.items():
            value[key] = [entry.value for entry in entries]
            origins |= {(key, at): entry.origin for at, entry in enumerate(entries)}
        for entry in self.steps.values():
            place = (entry.among, len(value[entry.among]))
            value[entry.among].append(entry.value)
            origins[place] = entry.origin
            origins |= {(*place, name): origin for name, origin in entry.inner.items()}
        return Composed(self.origin.document.file, self.origin.document.text, value, origins=origins)


def _joined(key: str, under: list[_Entry], over: list[_Entry]) -> list[_Entry]:
    """Two lists, one laid over the other."""
    if key in _UNITED:
        known = {entry.value for entry in under}
        return under + [entry for entry in over if entry.value not in known]
    if key == "expect":
        return under + over
    places = {entry.value["name"]: at for at, entry in enumerate(under)}
    joined = list(under)
    for entry in over:
        at = places.pop(entry.value["name"], None)
        if at is None:
            joined.append(entry)
        else:
            joined[at] = entry
    return joined


def compose(part: Part) -> Composed:
    """The whole that files come to.

    Raises:
        ScenarioError: they do not go together; carries every problem found.
    """
    composer = _Composer()
    whole = composer.whole(part)
    if composer.problems:
        raise ScenarioError(dict.fromkeys(composer.problems))
    return whole.document()


class _Composer:
    """Lays one over the other; collects problems and goes on."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._wholes: dict[int, _Whole] = {}

    def whole(self, part: Part) -> _Whole:
        """What a file comes to; made once for each."""
        if id(part) not in self._wholes:
            self._wholes[id(part)] = self._made(part)
        return self._wholes[id(part)]

    def _made(self, part: Part) -> _Whole:
        whole = _Whole(part.document)
        own = self._own(part)
        if part.extended is not None:
            base = self.whole(part.extended)
            whole.lay(base, [key for key in base.heads if key not in _NOT_EXTENDED])
            whole.steps = dict(base.steps)
        said = own.heads.get("profile")
        if said is not None and part.extended is not None and own.profile() != whole.profile():
            what = f"'{part.document.value['extends']}' is of the profile '{whole.profile()}'"
            self.problems.append(said.problem(f"{what}, and this is another"))
        profile = own.profile() if said is not None else whole.profile()
        left_out = self._include(part, whole, profile)
        for step in left_out:
            whole.steps.pop(step, None)
        whole.lay(own, own.heads)
        self._lay_steps(own, whole)
        return whole

    def _own(self, part: Part) -> _Whole:
        """What a file says itself."""
        own = _Whole(part.document)
        for key, value in part.document.value.items():
            if key in _MADE:
                continue
            head = own.heads[key] = own.origin.at(key)
            if key in _BY_NAME:
                own.named[key] = {name: _Entry(inner, head.at(name)) for name, inner in value.items()}
            elif key in _LISTS:
                own.lists[key] = [_Entry(inner, head.at(at)) for at, inner in enumerate(value)]
            elif key not in _STEPS:
                own.single[key] = value
        for name in _STEPS:
            for at, value in enumerate(part.document.value.get(name, [])):
                self._add(own, _Entry(value, own.origin.at(name, at), name))
        return own

    def _add(self, own: _Whole, entry: _Entry) -> None:
        step = entry.value["id"]
        if step in own.steps:
            first = own.origin.document.spot(own.steps[step].key("id").path)
            what = f"two steps are called '{step}', the first at {first}"
            self.problems.append(entry.key("id").problem(what))
        else:
            own.steps[step] = entry

    def _include(self, part: Part, whole: _Whole, profile: str) -> list[str]:
        """Lays what is included over what is extended; returns the steps that are left out."""
        named = dict.fromkeys(part.document.value.get("without", []))
        brought: dict[str, _Entry] = {}
        laid: set[int] = set()
        for at, other in enumerate(map(self.whole, part.included)):
            if id(other) in laid:
                # Named twice, it says nothing more.
                continue
            laid.add(id(other))
            place = whole.origin.at("include", at)
            if other.profile() != profile:
                name = part.document.value["include"][at]
                what = f"'{name}' is of the profile '{other.profile()}', and this of '{profile}'"
                self.problems.append(place.problem(what))
            whole.lay(other, _INCLUDED)
            for step, entry in other.steps.items():
                if step not in named:
                    self._bring(step, entry, brought, whole, place)
                brought[step] = entry
        known = Guesses([*whole.steps, *brought])
        for at, step in enumerate(part.document.value.get("without", [])):
            if step not in whole.steps and step not in brought:
                what = f"there is no step '{step}' in what this is made of"
                self.problems.append(whole.origin.at("without", at).problem(what, known.nearest(step)))
        return list(named)

    def _bring(
        self, step: str, entry: _Entry, brought: Mapping[str, _Entry], whole: _Whole, place: Origin
    ) -> None:
        """A step of a file that is included."""
        first, there = brought.get(step), whole.steps.get(step)
        if there is None or there.layers() < entry.layers():
            whole.steps[step] = entry
        elif entry.layers() <= there.layers():
            return
        elif first is not None:
            what = f"two steps are called '{step}': {first.origin.spot()} and {entry.origin.spot()}"
            advice = "Give one of them another id, or leave both out with 'without'."
            self.problems.append(place.problem(what, advice))
        elif there.among != entry.among or there.kind() != entry.kind():
            what = f"step '{step}' would be laid over another: {_said(entry)} over {_said(there)}"
            self.problems.append(place.problem(what, "Give one of them another id, or leave both out."))
        else:
            whole.steps[step] = entry.over(there)

    def _lay_steps(self, own: _Whole, whole: _Whole) -> None:
        """Lays a file's own steps over those that are there, and puts the others in their places."""
        is_made = own.origin.document.value.keys() & _MADE
        known = Guesses(list(whole.steps))
        ahead: dict[str, list[str]] = {}
        for step, entry in own.steps.items():
            before = entry.value.get("before")
            if is_made and before is not None:
                value = {name: inner for name, inner in entry.value.items() if name != "before"}
                entry = entry._replace(value=value)  # noqa: PLW2901
            if step in whole.steps:
                self._lay_step(step, entry, whole, moved=before is not None)
            elif is_made and not entry.kind():
                what = f"step '{step}' has neither a request nor a push, and no step of that id is there"
                advice = known.nearest(step) or "Add 'request: METHOD /path' or 'push: /channel'."
                self.problems.append(entry.key("id").problem(what, advice))
            elif before is None:
                whole.steps[step] = entry
            elif self._goes_before(step, entry, before, whole, known):
                whole.steps[step] = entry
                ahead.setdefault(before, []).append(step)
        whole.put_ahead(ahead)

    def _lay_step(self, step: str, entry: _Entry, whole: _Whole, *, moved: bool) -> None:
        there = whole.steps[step]
        kind, other = there.kind(), entry.kind()
        if other and kind != other:
            what = f"step '{step}' is a {kind} ({there.key(kind).spot()}) and cannot become a {other}"
            advice = "Give it another id, or leave the other out with 'without'."
            self.problems.append(entry.key(other).problem(what, advice, key=True))
        elif there.among != entry.among:
            what = f"step '{step}' stands under '{there.among}:' ({there.key('id').spot()}), where it stays"
            advice = f"Write it under '{there.among}:'."
            self.problems.append(entry.key("id").problem(what, advice))
        elif moved:
            what = f"step '{step}' stays where it stands: {there.key('id').spot()}"
            advice = "Leave 'before' out, or leave the other out with 'without'."
            self.problems.append(entry.key("before").problem(what, advice, key=True))
        else:
            whole.steps[step] = entry.over(there)

    def _goes_before(self, step: str, entry: _Entry, before: str, whole: _Whole, known: Guesses) -> bool:
        """Whether a new step can come before this one; says why not."""
        following = whole.steps.get(before)
        if following is None:
            what = f"there is no step '{before}' that it could come before"
            self.problems.append(entry.key("before").problem(what, known.nearest(before)))
        elif following.among != entry.among:
            what = f"step '{before}' stands under '{following.among}:' ({following.key('id').spot()})"
            advice = f"Write '{step}' there too."
            self.problems.append(entry.key("before").problem(what, advice))
        else:
            return True
        return False


def _said(entry: _Entry) -> str:
    return f"a {entry.kind()} under '{entry.among}:' ({entry.origin.spot()})"
