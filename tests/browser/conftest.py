"""A real Chromium against the real server. A test fails on any console error and on any request to another origin."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from scripts.browser import chromium
from tests.server import TOKEN, Server

ARGUMENTS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]


#: What Chromium itself says of requests that a test blocks, of refusals that it asks for, and of a machine without a GPU.
MEANT = re.compile(
    "ERR_FAILED|ERR_INTERNET_DISCONNECTED|status of (409|422)|status of 404.*/0123456789abcdef|swiftshader|GPU stall", re.IGNORECASE
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = chromium()
    assert path, "no Chromium: run `make browser`, which installs one or names the command that does"
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=path, args=ARGUMENTS)


@pytest.fixture
def open_page(browser: Browser, server: Server) -> Iterator[Callable[..., Page]]:
    """`open_page(lang="en", width=1440, height=900, block=None)` → the Lab, as the printed link opens it.

    Its address holds settings, those of the page, so that nothing starts by itself; `place=""` opens it as a newcomer sees it.
    `path` opens another page.
    """
    opened: list[tuple[Page, list[str]]] = []

    def make(
        lang: str = "en",
        width: int = 1440,
        height: int = 900,
        block: str | None = None,
        path: str = "/",
        place: str | None = None,
        **options: Any,
    ) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, locale="ko-KR" if lang == "ko" else "en-US", **options)
        page = context.new_page()
        troubles = troubles_of(page, server.url)
        if block:
            page.route(block, lambda route: route.abort())
        if place is None:
            place = "#spec=e30" if path == "/" else ""
        page.goto(f"{server.url}{path}?token={TOKEN}&lang={lang}{place}")
        if path == "/":
            page.wait_for_selector("#figure-loss.js-plotly-plot")
        opened.append((page, troubles))
        return page

    yield make
    for page, troubles in opened:
        page.context.close()
        assert troubles == []


def troubles_of(page: Page, base: str) -> list[str]:
    """What goes wrong on a page, as it comes: console errors, exceptions, and requests and sockets to anywhere but below `base`."""
    troubles: list[str] = []

    def tell(trouble: str) -> None:
        if not MEANT.search(trouble):
            troubles.append(trouble)

    def look(kind: str, url: str) -> None:
        if not url.startswith((base + "/", "data:", "blob:")):
            tell(f"{kind} to {url}")

    page.on("console", lambda m: tell(f"{m.type}: {m.text} {m.location.get('url', '')}") if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda e: tell(f"exception: {e}"))
    page.on("request", lambda r: look("request", r.url))
    page.on("websocket", lambda s: look("socket", s.url.replace("ws", "http", 1)))
    return troubles


#: What the tests read of a figure: Plotly's own data, typed arrays unrolled, non-finite as null.
READ = """([id, wanted]) => {
  const unroll = (column) => column === undefined ? [] : Array.from(column, (v) =>
    Array.isArray(v) || ArrayBuffer.isView(v) ? Array.from(v) : v);
  return document.getElementById(id).data
    .filter((t) => !wanted || (t.meta && t.meta.series === wanted))
    .map((t) => ({meta: t.meta ?? {}, name: t.name, type: t.type, x: unroll(t.x), y: unroll(t.y), z: unroll(t.z)}));
}"""


def traces(page: Page, figure: str, series: str | None = None) -> list[dict[str, Any]]:
    return list(page.evaluate(READ, [figure, series]))


def current(page: Page, figure: str, series: str) -> dict[str, Any]:
    """The current run's trace of a series."""
    return next(t for t in traces(page, figure, series) if not t["meta"].get("previous"))
