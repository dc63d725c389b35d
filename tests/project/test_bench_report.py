"""The page of figures: written from kept results, every section with its command, plots that are well-formed and follow the theme."""

import importlib
import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
RACE = {"ns": {"jwseal": 2500.0, "jwseal lazy": 1300.0, "PyJWT": 52_000.0, "orjson.loads": 900.0}, "ratios": {}}
ROW = {"p50": 16.0, "p99": 60.0, "calls": 2000}
RESULTS: dict[str, Any] = {
    "about": {
        "python": "3.13.1",
        "processor": "A processor",
        "features": "AVX2",
        "interruptions": [250, 2_100],
        "cores": 2,
        "versions": {"jwseal": "0.1.0", "PyJWT": "2.15.1"},
        "absent": {"Go": "go is not installed"},
        "rounds": 151,
        "block_us": 1000,
        "day": "2026-01-31",
    },
    "verify": {"HS256": RACE, "ES256": {"ns": {"jwseal": 15_000.0}, "ratios": {}}},
    "sign": {"HS256": RACE},
    "sizes": {"times": [[512, 1900.0], [16_384, 40_000.0]], "per_kib": 2450.0, "base": 1000.0, "bend": 0.1},
    "pauses": {"ES256": {"first key": 2000.0, "prepared": 15.0}},
    "stages": [["HMAC", 5000, 0.5]],
    "contention": {"jwseal": {"0": ROW, "1": ROW}, "PyJWT": {"0": ROW, "1": ROW | {"p99": 5000.0}}},
    "threads": {"jwseal": {"1": 60_000.0, "2": 61_000.0}},
    "server asgi": {"none": {"rate": 4000.0, "p99": 9.0, "of none": 1.0}},
    "server fastapi": {"none": {"rate": 1000.0, "p99": 19.0, "of none": 1.0}},
    "figures": [{"what": "a figure", "median": 0.3, "quartiles": [0.2, 0.4], "limit": 0.33, "holds": True}],
}


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module that writes the page."""
    monkeypatch.syspath_prepend(str(ROOT / "benches"))
    for name in ("report", "svg"):
        sys.modules.pop(name, None)
    return importlib.import_module("report")


def test_every_section_with_figures_names_its_command(report: ModuleType) -> None:
    """Each section of the page that has a table of measurements says which command made it."""
    sections = report.page(RESULTS).split("\n## ")[1:]
    assert [title.split("\n")[0] for title in sections] == [
        *("Machine and versions", "Verify", "Sign", "Size of the token", "The longest call", "Around the check"),
        *("Beside busy threads", "Several threads", "In a server", "Promises"),
    ]
    without = [
        section.split("\n")[0] for section in sections if not re.search(r"Command: `(make|python) [^`]+`", section)
    ]
    assert without == ["Machine and versions"]


def test_a_server_is_measured_with_each_framework(report: ModuleType) -> None:
    """The bare route and the FastAPI application each have a table with its command, under one heading."""
    page = report.page(RESULTS)
    section = page.split("## In a server\n")[1].split("\n## ")[0]
    assert ["asgi", "fastapi"] == re.findall(r"`python benches/load.py --framework (\w+) --alg RS256", section)
    assert ["4,000", "1,000"] == re.findall(r"\| none \| ([\d,]+) \|", section)


def test_the_page_shows_each_plot(report: ModuleType, tmp_path: Path) -> None:
    """The plots that are written are those that the page shows, and each is XML with colours for dark pages."""
    report.write(RESULTS, tmp_path)
    page = (tmp_path / "performance.md").read_text()
    shown = re.findall(r"\]\((images/[^)]+)\)", page)
    assert sorted(shown) == sorted(f"images/{path.name}" for path in (tmp_path / "images").iterdir())
    assert {"images/verify-hs256.svg", "images/contention-p99.svg", "images/threads.svg", "images/sizes.svg"} <= set(
        shown
    )
    for name in shown:
        text = (tmp_path / name).read_text()
        assert ET.fromstring(text).tag == "{http://www.w3.org/2000/svg}svg"
        assert "prefers-color-scheme:dark" in text


def test_a_part_that_was_not_measured_is_left_out(report: ModuleType) -> None:
    """Results of fewer benchmarks make a shorter page, which says what was absent."""
    page = report.page({"about": RESULTS["about"], "verify": RESULTS["verify"]})
    assert "## In a server" not in page
    assert "Left out: Go (go is not installed)." in page
