"""Two kinds of plots as SVG text: bars, and lines over a logarithmic or linear axis. Readable on light and on dark pages."""

from collections.abc import Sequence
from html import escape
from math import log10

COLOURS = ("#2f81f7", "#d29922", "#3fb950", "#db61a2", "#a371f7", "#8b949e")
STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#24292f}.axis{stroke:#8b949e}"
    "@media(prefers-color-scheme:dark){text{fill:#d7dde3}}"
)
WIDTH = 720


def bars(title: str, rows: Sequence[tuple[str, float]], unit: str, own: str = "jwseal") -> str:
    """One bar a row, shortest first; ours in colour."""
    rows = sorted(rows, key=lambda row: row[1])
    most, left, room = max(value for _, value in rows), 150, WIDTH - 150 - 90
    parts = [text(0, 16, title, weight="bold")]
    for number, (name, value) in enumerate(rows):
        y = 30 + 24 * number
        colour = COLOURS[0] if name.startswith(own) else COLOURS[-1]
        parts.append(text(left - 8, y + 13, name, "end"))
        parts.append(
            f'<rect x="{left}" y="{y}" width="{max(1, room * value / most):.1f}" height="17" fill="{colour}"/>'
        )
        parts.append(text(left + room * value / most + 6, y + 13, f"{value:,.3g} {unit}"))
    return document(title, 36 + 24 * len(rows), parts)


def lines(
    title: str, series: dict[str, list[tuple[float, float]]], x_name: str, y_name: str, *, logarithmic: bool
) -> str:
    """One line a series, through its points."""
    left, top, width, height = 70, 34, WIDTH - 250, 250
    xs = sorted({x for points in series.values() for x, _ in points})
    ys = [y for points in series.values() for _, y in points]
    low, high = (log10(min(ys)) - 0.1, log10(max(ys)) + 0.1) if logarithmic else (0.0, max(ys) * 1.08)

    def place(x: float, y: float) -> tuple[float, float]:
        across = (x - xs[0]) / ((xs[-1] - xs[0]) or 1)
        up = ((log10(y) if logarithmic else y) - low) / (high - low)
        return left + width * across, top + height * (1 - up)

    parts = [text(0, 16, title, weight="bold")]
    parts.append(f'<path class="axis" fill="none" d="M{left} {top}V{top + height}H{left + width}"/>')
    parts += [text(place(x, max(ys))[0], top + height + 18, f"{x:g}", "middle") for x in xs]
    for step in range(5):
        value = low + (high - low) * (step + 0.5) / 5
        value = 10**value if logarithmic else value
        parts.append(text(left - 6, place(xs[0], value)[1] + 4, f"{value:,.3g}", "end"))
    parts.append(text(left + width / 2, top + height + 38, x_name, "middle"))
    parts.append(text(left + 6, top + 4, y_name))
    for number, (name, points) in enumerate(series.items()):
        colour, places = COLOURS[number % len(COLOURS)], [place(x, y) for x, y in points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{path}"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
        parts.append(f'<rect x="{left + width + 20}" y="{top + 22 * number}" width="12" height="12" fill="{colour}"/>')
        parts.append(text(left + width + 38, top + 22 * number + 11, name))
    return document(title, top + height + 50, parts)


def text(x: float, y: float, words: str, anchor: str = "start", weight: str = "normal") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}">{escape(words)}</text>'


def document(title: str, height: int, parts: list[str]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">'
    return "\n".join([head, f"<style>{STYLE}</style>", *parts, "</svg>", ""])
