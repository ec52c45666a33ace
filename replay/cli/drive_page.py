"""The report of `replay drive` as one page that fetches nothing: tables, and plots as SVG."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

WIDTH, HEIGHT = 720, 200
LEFT, RIGHT, TOP, BOTTOM = 64, 12, 10, 26
COLUMNS = ("count", "p50", "p90", "p99", "p99.9", "max")

Points = Sequence[tuple[float, float | None]]

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #888; --bad: #c33; --good: #292;
  --a: #2468c8; --b: #d07a10; --c: #2a9d6a; --d: #b0489a; }
@media (prefers-color-scheme: dark) { :root { --bad: #f66; --good: #6c6; --a: #7aa8f0; --b: #f0b060; } }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.3rem; } h2 { font-size: 1.05rem; margin: 2rem 0 .4rem; }
p { margin: .3rem 0; } .soft { color: var(--soft); } .bad { color: var(--bad); } .good { color: var(--good); }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; width: 100%; }
th, td { text-align: right; padding: .15rem .6rem; border-bottom: 1px solid var(--line); }
th:first-child, td:first-child, td.text, th.text { text-align: left; overflow-wrap: anywhere; }
.numbers { display: flex; flex-wrap: wrap; gap: .5rem 2rem; margin: 1rem 0; }
.numbers div { min-width: 7rem; } .numbers b { display: block; font-size: 1.4rem; }
svg { width: 100%; height: auto; } svg text { font-size: 11px; fill: var(--soft); }
svg path { fill: none; stroke-width: 1.6; } svg .grid { stroke: var(--line); stroke-width: 1; }
.key { font-size: .85rem; }
.key i { display: inline-block; width: 1rem; height: .2rem; margin: 0 .35rem .2rem 1rem; }
"""

_COLOURS = ("var(--a)", "var(--b)", "var(--c)", "var(--d)")


class Line(msgspec.Struct, frozen=True):
    """One of a plot."""

    name: str
    points: Points
    """Those whose value is None leave a gap."""


def page(row: dict[str, Any]) -> str:
    """The page of a report's row."""
    title = f"{row['scenario']} at {row['target']}"
    parts = [
        f"<h1>{_said(title)}</h1>",
        f"<p class=soft>{_said(_how(row))}</p>",
        *_verdicts(row),
        _numbers(row),
        *_plots(row),
        _table("Latency of requests", row["latency"], row["requests"]),
        "<p class=soft>From when a request was meant to be made to its answer.</p>",
        _table("Lateness of events", row["lateness"], row["events"]),
        "<p class=soft>From when an event was due, by the scenario, to its coming.</p>",
        _errors(row),
    ]
    head = (
        f"<meta charset=utf-8><meta name=viewport content='width=device-width'><title>{_said(title)}</title>"
    )
    return f"<!doctype html><html lang=en>{head}<style>{_STYLE}</style><body>{''.join(parts)}</body></html>\n"


def duration(seconds: float) -> str:
    """In three digits or so."""
    if seconds >= 10:
        return f"{seconds:,.1f} s"
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.3g} ms"


def _said(text: str) -> str:
    return html.escape(text)


def _how(row: dict[str, Any]) -> str:
    how = row["how"]
    said = [
        f"{how['agents']:,} agents over {how['transport']}",
        f"{how['chats_per_agent']:,} at once each" if how["chats_per_agent"] > 1 else "",
        f"come within {how['ramp']:g} s" if how["ramp"] else "",
        f"chats arrive as {how['arrivals']}" if how["arrivals"] else "",
        f"{row['seconds']:,.1f} s",
        f"seed {how['seed']}",
    ]
    return ", ".join(filter(None, said))


def _verdicts(row: dict[str, Any]) -> Iterable[str]:
    for limit in row["limits"]:
        mark, colour = ("FAIL", "bad") if limit["broken"] else ("ok", "good")
        said = f"{mark}: it fails if {limit['limit']}; it is {limit['found']}"
        yield f"<p class={colour}>{_said(said)}</p>"
    if row["ended_early"]:
        yield f"<p class=bad>It ended early: {_said(row['ended_early'])}</p>"
    if row["own"]["bottleneck"]:
        what = f"drive itself was the bottleneck: {row['own']['bottleneck']}."
        yield f"<p class=bad>{_said(what)} The figures are not the server's alone.</p>"


def _numbers(row: dict[str, Any]) -> str:
    rates = row["throughput"]
    shown = [
        (f"{rates['requests']:,.1f}/s", f"{row['requests']['count']:,} requests"),
        (f"{rates['events']:,.1f}/s", f"{row['events']['came']:,} events"),
        (f"{rates['chats']:,.2f}/s", f"{row['chats']['count']:,} chats"),
        (duration(row["requests"]["p99"]), "p99 of requests"),
        (duration(row["events"]["p99"]), "p99 of events"),
        (f"{row['errors']:,}", f"errors, {row['error_share']:.2%}"),
        (f"{row['own']['core']:.0%}", "of a core, drive itself"),
    ]
    shown += [
        (f"{row[name]:,}", name.replace("_", " ")) for name in ("given_up", "recoveries", "lost") if row[name]
    ]
    return (
        "<div class=numbers>"
        + "".join(f"<div><b>{_said(a)}</b>{_said(b)}</div>" for a, b in shown)
        + "</div>"
    )


def _plots(row: dict[str, Any]) -> Iterable[str]:
    every, rows = row["series"]["interval"], row["series"]["intervals"]

    def line(name: str, values: Iterable[float | None]) -> Line:
        return Line(name, [(place * every, value) for place, value in enumerate(values)])

    def rate(name: str) -> Line:
        return line(f"{name}/s", (each[name] / every for each in rows))

    # The last interval is cut short: its rates would be too low.
    rows = rows[:-1] or rows
    yield _plot("Throughput", [rate("answers"), rate("events"), rate("errors")], _number)
    for title, name in (("Latency of requests", "latency"), ("Lateness of events", "lateness")):
        lines = [line(each, (values[name][each] for values in rows)) for each in ("p50", "p99")]
        yield _plot(title, lines, duration)
    yield _plot(
        "Agents and chats",
        [line(name, (each[name] for each in rows)) for name in ("agents", "chats")],
        _number,
    )
    yield _plot("Own lateness: drive's timers", [line("worst", (each["own"] for each in rows))], duration)
    yield _curves(row["curves"])


def _number(value: float) -> str:
    return f"{value:,.4g}"


def _plot(title: str, lines: Sequence[Line], shown: Any) -> str:
    """Lines over time."""
    ends = max((at for each in lines for at, _ in each.points), default=0.0) or 1.0
    ticks = [(at, f"{at:g} s") for at in _round_steps(ends)]
    return _drawn(title, lines, ends, ticks, shown)


def _curves(curves: dict[str, Any]) -> str:
    """Durations by how many exceed them: each tick is ten times fewer."""
    lines = [
        Line(name, [(-math.log10(1 - percent / 100), seconds) for percent, seconds in points])
        for name, points in curves.items()
        if len(points) > 1
    ]
    ends = max((at for each in lines for at, _ in each.points), default=0.0) or 1.0
    ticks = [
        (float(nines), text) for nines, text in enumerate(("0", "90%", "99%", "99.9%", "99.99%", "99.999%"))
    ]
    return _drawn("By percentile", lines, ends, [tick for tick in ticks if tick[0] <= ends], duration)


def _drawn(
    title: str, lines: Sequence[Line], ends: float, ticks: Iterable[tuple[float, str]], shown: Any
) -> str:
    high = max((value for each in lines for _, value in each.points if value is not None), default=0.0)
    if not high:
        return ""
    steps = _round_steps(high)
    top = max(high, steps[-1])

    def x(at: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * at / ends

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top

    drawn = [
        f"<path class=grid d='M{LEFT} {y(each):.1f}H{WIDTH - RIGHT}'/>"
        f"<text x={LEFT - 6} y={y(each) + 4:.1f} text-anchor=end>{_said(shown(each))}</text>"
        for each in (0.0, *steps)
    ]
    drawn += [
        f"<text x={x(at):.1f} y={HEIGHT - 8} text-anchor=middle>{_said(text)}</text>" for at, text in ticks
    ]
    for place, each in enumerate(lines):
        path = _path([(x(at), None if value is None else y(value)) for at, value in each.points])
        drawn.append(f"<path d='{path}' stroke='{_COLOURS[place]}'><title>{_said(each.name)}</title></path>")
    key = "".join(
        f"<i style='background:{_COLOURS[place]}'></i>{_said(each.name)}" for place, each in enumerate(lines)
    )
    label = f"role=img aria-label='{_said(title)}'"
    svg = f"<svg viewBox='0 0 {WIDTH} {HEIGHT}' {label}>{''.join(drawn)}</svg>"
    return f"<h2>{_said(title)}</h2><div class=key>{key}</div>{svg}"


def _path(points: Iterable[tuple[float, float | None]]) -> str:
    """Straight lines, and dots where there is one value between two gaps."""
    parts, is_down = [], False
    for x, y in points:
        if y is None:
            is_down = False
            continue
        parts.append(f"{'L' if is_down else 'M'}{x:.1f} {y:.1f}" + ("" if is_down else "h.1"))
        is_down = True
    return "".join(parts)


def _round_steps(end: float) -> list[float]:
    """Four or so round numbers up to an end."""
    raw = end / 4
    size = 10.0 ** math.floor(math.log10(raw))
    step = next(size * each for each in (1, 2, 5, 10) if size * each >= raw)
    return [step * count for count in range(1, int(end / step + 1e-9) + 1)] or [step]


def _table(title: str, rows: dict[str, dict[str, float]], whole: dict[str, float]) -> str:
    if not rows:
        return ""
    head = "".join(f"<th>{name}" for name in ("step", *COLUMNS))
    named = {**rows, **({"(all)": whole} if len(rows) > 1 else {})}
    body = "".join(f"<tr><td>{_said(step)}" + "".join(_cells(each)) for step, each in named.items())
    return f"<h2>{_said(title)}</h2><table><tr>{head}{body}</table>"


def _cells(figures: dict[str, float]) -> Iterable[str]:
    for name in COLUMNS:
        yield f"<td>{figures[name]:,.0f}" if name == "count" else f"<td>{_said(duration(figures[name]))}"


def _errors(row: dict[str, Any]) -> str:
    if not row["failing"]:
        return "<h2>Errors</h2><p class=good>None.</p>"
    body = "".join(
        f"<tr><td>{each['count']:,}"
        + "".join(f"<td class=text>{_said(each[n])}" for n in ("error", "step", "example"))
        for each in row["failing"]
    )
    head = "<th>count" + "".join(f"<th class=text>{name}" for name in ("error", "step", "such as"))
    return f"<h2>Errors</h2><table><tr>{head}{body}</table>"
