"""For whoever uses a keyboard, a screen reader, Korean, the dark: the page itself, not its source."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.test_lab import start, stop, until
from tests.server import TOKEN, Server

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
AXE = Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js"


@pytest.mark.parametrize(("lang", "scheme"), [("en", "light"), ("ko", "dark")])
def test_axe_finds_nothing_while_a_run_goes_on(open_page: OpenPage, server: Server, lang: str, scheme: str) -> None:
    page = open_page(lang=lang, color_scheme=scheme, bypass_csp=True)
    page.locator("#start").click()
    until(page, lambda: page.inner_text("#counter") not in ("–", "0"))
    page.evaluate("() => document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    page.wait_for_timeout(500)
    page.add_script_tag(path=AXE)
    found = page.evaluate(
        "async () => (await axe.run()).violations.map((v) => [v.id, v.nodes.slice(0, 3).map((n) => n.html.slice(0, 120))])"
    )
    assert found == []
    stop(server, page.url.split("run=")[1])


def test_a_run_is_paused_with_the_space_bar_and_read_with_the_arrow_keys(open_page: OpenPage, server: Server) -> None:
    page = open_page()
    run = start(page)
    page.evaluate("() => document.activeElement.blur()")
    page.keyboard.press("Space")
    until(page, lambda: server.get(run)["status"] == "paused")
    step = int(server.get(run)["step"])
    until(page, lambda: page.inner_text("#counter").replace(",", "") == str(step))  # what was on its way has arrived
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    step -= 3
    until(page, lambda: f"step {step}" in page.inner_text("#readout-loss").replace("\n", " "))
    assert page.evaluate("() => [...document.querySelectorAll('.cursor-line')].filter((l) => !l.hidden).length") == 4
    stop(server, run)


def test_a_layer_is_chosen_and_its_name_stands_over_its_figure(open_page: OpenPage, server: Server) -> None:
    page = open_page()
    run = start(page)
    page.get_by_role("radio", name="hidden3").click()
    until(page, lambda: "hidden3" in page.inner_text("#card-activations"))
    drawn = "() => document.getElementById('figure-activations').data.map((t) => t.meta.layer)"
    until(page, lambda: page.evaluate(drawn) == ["hidden3"])
    assert page.get_by_role("radio", name="hidden3").get_attribute("aria-checked") == "true"
    stop(server, run)


def test_a_zoom_is_one_for_all_figures_and_a_double_click_ends_it(open_page: OpenPage, server: Server) -> None:
    page = open_page()
    run = start(page)
    until(page, lambda: int(page.inner_text("#counter").replace(",", "")) > 60)
    box = page.locator("#figure-loss .nsewdrag").first.bounding_box()
    assert box
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 42, steps=5)
    page.mouse.up()
    ranges = """() => ['loss', 'accuracy', 'norm'].map((f) =>
        document.getElementById('figure-' + f)._fullLayout.xaxis.range.map(Math.round).join())"""
    until(page, lambda: len(set(page.evaluate(ranges))) == 1 and not page.evaluate(ranges)[0].startswith("0,"))
    page.mouse.dblclick(box["x"] + 0.5 * box["width"], box["y"] + 60)
    until(page, lambda: all(r.startswith("0,") for r in page.evaluate(ranges)))
    stop(server, run)


def test_the_theme_is_kept_without_a_flash(open_page: OpenPage, server: Server) -> None:
    page = open_page()
    page.locator("#theme").click()
    page.locator("#theme").click()
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark == "rgb(21, 23, 26)"


def test_the_api_is_documented_on_a_page_of_its_own(open_page: OpenPage, server: Server) -> None:
    page = open_page()
    page.goto(f"{server.url}/api/docs")
    page.get_by_text("/api/runs/{id}/control").first.wait_for()
    assert page.locator(".opblock").count() >= 20


def test_every_korean_glyph_is_there(open_page: OpenPage, server: Server) -> None:
    """A missing glyph is drawn as one and the same box, whatever the character."""
    page = open_page(lang="ko")
    widths = page.evaluate(
        """() => { const c = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
             c.font = '32px ' + getComputedStyle(document.body).fontFamily;
             return [...'가힣정규화손실'].map((g) => { c.clearRect(0, 0, 300, 150); c.fillText(g, 10, 60);
               return c.getImageData(0, 0, 80, 90).data.reduce((a, b, i) => (a * 31 + b * (i + 1)) % 1000003, 7); }); }"""
    )
    assert len(set(widths)) == len(widths)


def test_the_token_does_not_stay_in_the_address(open_page: OpenPage, server: Server) -> None:
    page = open_page()
    assert TOKEN not in page.url
