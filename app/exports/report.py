"""The printable report: one HTML file that needs neither the server nor the internet."""

import asyncio
import hashlib
import platform
import time
from base64 import b64encode
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from app.notes import outline
from app.notes.claims import Claims
from app.pages import pages
from app.settings import ROOT
from dynascope import __version__

Told = dict[str, Any]

PACKAGES = ("torch", "numpy", "scikit-learn", "plotly")
#: The library itself, embedded because the file must work alone.
PLOTLY = ROOT / "static" / "vendor" / "plotly-cartesian.min.js"
#: Draws each figure from the JSON next to it.
_DRAW = """for (const held of document.querySelectorAll('script[data-figure]')) {
  const { data, layout } = JSON.parse(held.textContent);
  Plotly.newPlot(held.dataset.figure, data, layout, { displayModeBar: false, staticPlot: true, responsive: true });
}"""


class Reports:
    """Caches the newest report of each language until there is a new result: making one takes about a second."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[object, str]] = {}
        self._one = asyncio.Lock()

    async def written(self, claims: Claims, language: str) -> str:
        statements, experiments = await claims.statements(), await claims.described()
        shown, times = await claims.newest() | await claims.standing(), await claims.counts()
        state = [(row["id"], row["status"], len(row["founds"]), times.get(id)) for id, row in shown.items()]
        async with self._one:
            held = self._held.get(language)
            if held is None or held[0] != state:
                text = await asyncio.to_thread(write, statements, experiments, shown, times, language)
                held = self._held[language] = (state, text)
        return held[1]


def write(statements: list[Told], experiments: list[Told], shown: dict[str, Told], times: dict[str, int], language: str) -> str:
    """`shown`: for each experiment the standing judgement, or if there is none, the newest."""
    from app.exports.drawing import figure  # Plotly's package takes about 30 MB: it is imported only for a report

    judged = {id: _judged(row) for id, row in shown.items()}
    figures = {e["id"]: figure(e, judged[e["id"]]["founds"], language) for e in experiments if e["id"] in judged}
    drawn = {id: made.replace("<", "\\u003c") for id, made in figures.items() if made}  # no text in it can end its element
    plotly = PLOTLY.read_text(encoding="utf-8") if drawn else ""
    return (
        pages.environment(language)
        .get_template("report.html")
        .render(
            language=language,
            sections=outline.sections(statements, experiments),
            tally=outline.tally(statements),
            signs=outline.STATUS_SIGNS,
            outcome_signs=outline.OUTCOME_SIGNS,
            judged=judged,
            times=times,
            figures=drawn,
            plotly=plotly,
            draw=_DRAW,
            scripts=" ".join(script_hash(script) for script in (plotly, _DRAW) if script),
            made=time.strftime("%Y-%m-%d %H:%M"),
            versions={"Dynascope": __version__, "Python": platform.python_version()} | versions(),
            brief=_brief,
        )
    )


def _judged(row: Told) -> Told:
    """A judgement with the report's additions: how many seeds pass, how long it took, numbers over the seeds."""
    founds = row["founds"]
    names = list(dict.fromkeys(name for found in founds for name in found["values"]))
    values = {name: sorted(v for found in founds if (v := found["values"].get(name)) is not None) for name in names}
    numbers = {name: {"middle": _middle(held), "low": held[0], "high": held[-1]} for name, held in values.items() if held}
    seconds = None if None in (row["started"], row["ended"]) else row["ended"] - row["started"]
    passed = sum(found["passes"] for found in founds)
    return {
        **row,
        "numbers": numbers,
        "seconds": seconds,
        "passed": passed,
        "when": time.strftime("%Y-%m-%d", time.localtime(row["created"])),
    }


def _middle(values: list[float]) -> float:
    half = len(values) // 2
    return values[half] if len(values) % 2 else (values[half - 1] + values[half]) / 2


def _brief(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}".replace("-", "−")


def versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def script_hash(script: str) -> str:
    """The hash of a script for a content security policy."""
    return f"'sha256-{b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
