"""The page of runs in a real Chromium: found, compared, deleted; live without a reload."""

from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.studying import SMALL, SMALL_TARGETS, OpenPage, axe, figure, look
from tests.browser.test_lab import until
from tests.server import Server

pytestmark = pytest.mark.browser


@pytest.fixture(scope="session")
def runs(shared_server: Server) -> list[dict[str, Any]]:
    """Three that have finished, the newest last; two of them share a tag."""
    made = [shared_server.post(SMALL | {"name": f"listed {i}", "tags": ["kept", f"only{i}"] if i else [], "seed": i}) for i in range(3)]
    return [shared_server.wait(run["id"]) for run in made]


def listed(page: Page) -> list[str]:
    return list(page.evaluate("() => [...document.querySelectorAll('#listed tbody tr')].map((r) => r.dataset.run)"))


def row(page: Page, run: dict[str, Any]) -> Any:
    return page.locator(f"[data-run='{run['id']}']")


def test_a_row_says_what_a_run_is_and_opens_it(open_page: OpenPage, server: Server, runs: list[dict[str, Any]]) -> None:
    page = look(open_page, server, "/runs#q=listed")
    until(page, lambda: listed(page) == [run["id"] for run in reversed(runs)])
    one = row(page, runs[1])
    for text in ("listed 1", "MLP 1×4", "norm: None", "init: Kaiming", "finished", "40", "only1"):
        expect(one).to_contain_text(text)
    word, _, value = one.locator(".value-cell").inner_text().rpartition(" ")
    assert word == "test accuracy"
    assert float(value) == pytest.approx(runs[1]["latest"]["test/accuracy"], rel=1e-3)
    one.get_by_role("link", name="listed 1", exact=True).click()
    page.wait_for_selector("#figure-loss.js-plotly-plot")
    assert runs[1]["id"] in page.url


def test_runs_are_found_by_status_text_and_tag(open_page: OpenPage, server: Server, runs: list[dict[str, Any]]) -> None:
    page = look(open_page, server, "/runs")
    page.locator("[name=tag]").fill("kept")
    until(page, lambda: listed(page) == [runs[2]["id"], runs[1]["id"]])
    page.locator("[name=q]").fill("listed 1")
    until(page, lambda: listed(page) == [runs[1]["id"]])
    assert "tag=kept" in page.url
    page.locator("[name=status]").select_option("diverged")
    expect(page.locator("#no-runs")).to_have_text("No run is like that.")
    page.reload()
    expect(page.locator("[name=tag]")).to_have_value("kept")
    page.locator("[name=status]").select_option("finished")
    until(page, lambda: listed(page) == [runs[1]["id"]])


def test_chosen_runs_are_compared_each_in_its_own_colour(open_page: OpenPage, server: Server, runs: list[dict[str, Any]]) -> None:
    page = look(open_page, server, "/runs#q=listed")
    for run in runs[1:]:
        row(page, run).get_by_role("checkbox").check()
    until(page, lambda: {t["run"] for t in figure(page, "figure-compare")} == {run["id"] for run in runs[1:]})
    for trace in figure(page, "figure-compare"):
        assert (trace["x"], trace["y"]) == server.points(trace["run"], "val/loss")
    colours = "() => document.getElementById('figure-compare').data.map((t) => t.line.color)"
    swatch = "id => getComputedStyle(document.querySelector(`[data-run='${id}'] .pick i`)).color"
    assert page.evaluate(colours) == [page.evaluate(swatch, run["id"]) for run in runs[1:]]
    page.get_by_role("button", name="validation accuracy").click()
    until(
        page,
        lambda: all(t["series"] == "val/accuracy" for t in figure(page, "figure-compare")) and len(figure(page, "figure-compare")) == 2,
    )
    page.reload()  # the address holds what is compared
    until(page, lambda: [t["run"] for t in figure(page, "figure-compare")] == [run["id"] for run in runs[1:]])
    row(page, runs[1]).get_by_role("checkbox").uncheck()
    until(page, lambda: [t["run"] for t in figure(page, "figure-compare")] == [runs[2]["id"]])
    assert page.evaluate(colours) == [page.evaluate(swatch, runs[2]["id"])]
    page.get_by_role("button", name="Choose none").click()
    expect(page.locator("#comparison")).to_be_hidden()


def test_a_run_is_deleted_only_after_it_was_asked(open_page: OpenPage, server: Server) -> None:
    run = server.wait(server.post(SMALL | {"name": "<script>alert(2)</script> to go"})["id"])
    page = look(open_page, server, "/runs#q=to%20go")
    until(page, lambda: listed(page) == [run["id"]])
    row(page, run).get_by_role("button", name="Delete").click()
    expect(page.locator("#ask-about")).to_contain_text("<script>alert(2)</script>")
    page.keyboard.press("Escape")
    assert server.client.get(f"/api/runs/{run['id']}").status_code == 200
    row(page, run).get_by_role("button", name="Delete").click()
    page.locator("#ask-yes").click()
    until(page, lambda: listed(page) == [])
    assert server.client.get(f"/api/runs/{run['id']}").status_code == 404


def test_a_run_that_begins_and_ends_is_shown_without_a_reload(open_page: OpenPage, server: Server) -> None:
    page = look(open_page, server, "/runs#q=arrives")
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")
    expect(page.locator("#no-runs")).to_be_visible()
    run = server.post(SMALL | {"name": "arrives", "pace": 20})
    until(page, lambda: listed(page) == [run["id"]])
    until(page, lambda: "finished" in row(page, run).inner_text())


def test_older_runs_are_a_page_further(open_page: OpenPage, server: Server, runs: list[dict[str, Any]]) -> None:
    page = look(open_page, server, "/runs")
    page.route("**/api/runs?*", lambda route: route.continue_(url=route.request.url.replace("limit=25", "limit=2")))
    page.locator("[name=q]").fill("listed")
    until(page, lambda: listed(page) == [runs[2]["id"], runs[1]["id"]])
    page.get_by_role("button", name="Older", exact=True).click()
    until(page, lambda: listed(page) == [runs[0]["id"]])
    expect(page.get_by_role("button", name="Older", exact=True)).to_be_disabled()
    page.get_by_role("button", name="Newer", exact=True).click()
    until(page, lambda: listed(page) == [runs[2]["id"], runs[1]["id"]])


@pytest.mark.parametrize(("lang", "scheme", "width"), [("en", "light", 1440), ("ko", "dark", 390)])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_page(
    open_page: OpenPage, server: Server, runs: list[dict[str, Any]], lang: str, scheme: str, width: int
) -> None:
    place = f"q=listed&compare={runs[1]['id']},{runs[2]['id']}"
    page = look(open_page, server, f"/runs#{place}", lang, width=width, color_scheme=scheme, bypass_csp=True)
    until(page, lambda: len(figure(page, "figure-compare")) == 2 and len(listed(page)) == 3)
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if width == 390:
        assert page.evaluate(SMALL_TARGETS) == []
    levels = page.evaluate("() => [...document.querySelectorAll('h1, h2, h3')].map((h) => Number(h.tagName[1]))")
    assert levels[0] == 1
    assert all(b <= a + 1 for a, b in pairwise(levels))
