"""What a page costs: bytes over the wire, requests, and the time until it is drawn; cold, warm, and from page to page.

The peer is an earlier revision of the product (`BEFORE`, a commit of this repository; by default the last one before static
files had addresses of their own), served from a checkout of its own and asked in turn with this one. The figures are
Chromium's own: `Network.loadingFinished` counts what came over the wire with its headers, and a page is drawn when what a
person looks for first is there (the Lab's loss figure, the first statement, the list).
"""

import itertools
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.rows import Row
from scripts.browser import chromium
from tests.browser.conftest import ARGUMENTS
from tests.server import ROOT, TOKEN, Server

BEFORE = os.environ.get("BEFORE", "64da2b1")
RELOADS = 9
#: Page → address, and the selector of what is drawn.
PAGES = {
    "Lab": ("/#spec=e30", "#figure-loss.js-plotly-plot .xaxislayer-above, #figure-loss.js-plotly-plot .cartesianlayer"),
    "Notes": ("/notes", ".statement"),
    "Runs": ("/runs", "#runs tr, .listed tbody tr, .nothing:not([hidden])"),
    "New study": ("/studies/new", "[data-ready]"),
    "API": ("/api/docs", ".opblock"),
}
WAY = ("Lab", "Notes", "Runs", "New study", "Lab")


@dataclass
class Cost:
    requests: int
    bytes: float
    seconds: float


class Watched:
    """A page whose traffic is counted."""

    def __init__(self, browser: Browser, server: Server) -> None:
        self._server = server
        self.page: Page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        self._requests = 0
        self._bytes = 0.0
        network = self.page.context.new_cdp_session(self.page)
        network.send("Network.enable")
        network.on("Network.responseReceived", self._received)
        network.on("Network.loadingFinished", self._finished)
        self._from_cache: set[str] = set()
        network.on("Network.requestServedFromCache", lambda told: self._from_cache.add(told["requestId"]))

    def _received(self, told: dict[str, Any]) -> None:
        response = told["response"]
        if response.get("fromDiskCache") or response.get("fromPrefetchCache") or told["requestId"] in self._from_cache:
            self._from_cache.add(told["requestId"])
        elif not response["url"].startswith(("data:", "blob:")):
            self._requests += 1

    def _finished(self, told: dict[str, Any]) -> None:
        if told["requestId"] not in self._from_cache:
            self._bytes += told["encodedDataLength"]

    def admit(self) -> None:
        """The cookie, without a page."""
        answer = self.page.request.get(f"{self._server.url}/?token={TOKEN}", max_redirects=0)
        assert answer.status == 303

    def go(self, name: str, reload: bool = False) -> Cost:
        path, drawn = PAGES[name]
        self._requests, self._bytes = 0, 0.0
        if reload:
            self.page.reload(wait_until="commit")
        else:
            self.page.goto("about:blank")
            self.page.goto(f"{self._server.url}{path}", wait_until="commit")
        seconds = self.page.evaluate(
            """(selector) => new Promise((done) => {
              const look = () => document.querySelector(selector)
                ? requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() / 1000))) : requestAnimationFrame(look);
              look();
            })""",
            drawn,
        )
        self.page.wait_for_load_state("networkidle")
        return Cost(self._requests, self._bytes, seconds)


@contextmanager
def earlier(folder: Path) -> Iterator[Path]:
    """A checkout of the revision BEFORE."""
    checkout = folder / "before"
    subprocess.run(["git", "-C", ROOT, "worktree", "add", "--quiet", "--detach", checkout, BEFORE], check=True)
    try:
        yield checkout
    finally:
        subprocess.run(["git", "-C", ROOT, "worktree", "remove", "--force", checkout], check=True)


def main() -> list[Row]:
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        with earlier(folder) as checkout:
            before = Server(folder / "data-before", root=checkout).start()
            now = Server(folder / "data", DYNASCOPE_CACHE=str(folder / "cache")).start()
            try:
                _until_compressed(folder / "cache")
                return [*_cold(browser, before, now), *_warm(browser, before, now)]
            finally:
                before.stop()
                now.stop()


def _until_compressed(cache: Path) -> None:
    """A checkout compresses after its first start; a wheel has it done."""
    while len([path for path in (cache / "static").glob("*") if path.suffix != ".part"]) < 4:
        time.sleep(0.2)


def _cold(browser: Browser, before: Server, now: Server) -> list[Row]:
    rows = []
    for name in PAGES:
        costs = []
        for server in (before, now):
            watched = Watched(browser, server)
            watched.admit()
            costs.append(watched.go(name))
            watched.page.context.close()
        rows.append(_row(f"{name}, cold (bar: 700 KB)", costs[0], costs[1]))
    return rows


def _warm(browser: Browser, before: Server, now: Server) -> list[Row]:
    both = [Watched(browser, server) for server in (before, now)]
    for watched in both:
        watched.admit()
        for name in PAGES:
            watched.go(name)
    rows = []
    for name in PAGES:
        taken: list[list[Cost]] = [[], []]
        for watched in both:
            watched.go(name)
        for _ in range(RELOADS):
            for found, watched in zip(taken, both, strict=True):
                found.append(watched.go(name, reload=True))
        middle = [Cost(found[-1].requests, found[-1].bytes, statistics.median(one.seconds for one in found)) for found in taken]
        rows.append(_row(f"{name}, warm reload", *middle))
        ratio = statistics.median(b.seconds / a.seconds for a, b in zip(*taken, strict=True))
        rows.append(
            Row(
                f"{name}, warm reload: time until drawn, s (bar: 0.5)", f"{middle[1].seconds:.3f}", f"{middle[0].seconds:.3f} before", ratio
            )
        )
    for watched in both:
        watched.go(WAY[0])
    for first, second in itertools.pairwise(WAY):
        rows.append(_row(f"{first} → {second} (bar: 60 KB)", *(watched.go(second) for watched in both)))
        for watched in both:
            watched.go(second)
    return rows


def _row(what: str, before: Cost, now: Cost) -> Row:
    told = [f"{cost.bytes / 1000:.0f} KB in {cost.requests} requests, {cost.seconds:.2f} s" for cost in (now, before)]
    return Row(what, told[0], f"{told[1]} before", now.bytes / before.bytes)


if __name__ == "__main__":
    for row in main():
        print(row)
