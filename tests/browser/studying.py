"""What the tests of runs and studies share: small studies over REST, their pages, and what is drawn there."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page

from tests.browser.test_care import AXE
from tests.server import Server

OpenPage = Callable[..., Page]

SMALL: dict[str, Any] = {
    "data": {"name": "blobs", "params": {"n": 120}, "batch_size": 32},
    "model": {"params": {"depth": 1, "width": 4}},
    "norm": {"name": "none"},
    "stop": {"max_epochs": None, "max_steps": 40, "early": None},
}
#: Batch norm over instances of vectors is what the plan refuses: half of the cells are holes.
AXES = {"init.name": ["zeros", "kaiming_normal"], "norm.name": ["none", "instance"]}


def begin(server: Server, axes: dict[str, list[Any]] | None = None, seeds: int = 2, name: str = "", **base: Any) -> str:
    body = {"name": name, "base": SMALL | base, "axes": AXES if axes is None else axes, "seeds": seeds}
    answer = server.client.post("/api/studies", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def whole(server: Server, id: str) -> dict[str, Any]:
    """The study, once it has ended."""
    server.client.get(f"/api/studies/{id}/wait", params={"timeout": 100}, timeout=120)
    study: dict[str, Any] = server.client.get(f"/api/studies/{id}").json()
    assert study["status"] == "done", study["status"]
    return study


def look(open_page: OpenPage, server: Server, path: str, lang: str = "en", **options: Any) -> Page:
    """A page of runs or studies, as a link opens it."""
    address, mark, place = path.partition("#")
    return open_page(lang=lang, path=address, place=mark + place, **options)


#: The cells that are drawn: what their canvas holds, or what stands in its stead.
CELLS = """() => Object.fromEntries([...document.querySelectorAll('#multiples [data-cell]')].map((button) =>
  [button.dataset.cell, {drawn: button.querySelector('canvas')?.drawn ?? null, text: button.innerText}]))"""


def cells(page: Page) -> dict[str, Any]:
    return dict(page.evaluate(CELLS))


def drawn_line(page: Page, cell: int) -> list[Any] | None:
    """What is drawn of a cell; None where nothing is yet."""
    drawn = cells(page).get(str(cell), {}).get("drawn")
    return drawn and list(drawn["line"])


def figure(page: Page, id: str) -> list[dict[str, Any]]:
    read = "id => (document.getElementById(id).data ?? []).map((t) => ({...t.meta, x: [...t.x], y: [...t.y]}))"
    return list(page.evaluate(read, id))


def axe(page: Page) -> list[Any]:
    page.add_script_tag(path=AXE)
    return list(
        page.evaluate("async () => (await axe.run()).violations.map((v) => [v.id, v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160))])")
    )


#: Of what can be pressed and is seen: what is smaller than a finger.
SMALL_TARGETS = """() => [...document.querySelectorAll('main a, main button, main select, main input:not([type=checkbox]), main summary')]
  .filter((e) => e.checkVisibility() && !e.closest('.plain-table, p, .modebar, .heatmap, .multiples'))
  .map((e) => [e.outerHTML.slice(0, 90), e.getBoundingClientRect()])
  .filter(([, box]) => box.width > 0 && box.height < 43.5).map(([html, box]) => [html, box.height])"""
