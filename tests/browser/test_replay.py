"""The file that replays a run, opened from disk in a Chromium that has no network; and the menu that gives it."""

import time
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.app.exports.test_exports import SPEC
from tests.browser.test_care import AXE, OpenPage
from tests.server import Server

UNPACK = """([id, wanted]) => {
  const trace = document.getElementById(id).data.find((t) => !wanted || t.meta?.series === wanted);
  const full = document.getElementById(id)._fullData.find((t) => t.index === document.getElementById(id).data.indexOf(trace));
  const unroll = (c) => Array.from(c ?? [], (v) => (ArrayBuffer.isView(v) || Array.isArray(v) ? Array.from(v) : v));
  return {x: unroll(full.x), y: unroll(full.y), z: unroll(full.z)};
}"""


@pytest.fixture(scope="session")
def run(shared_server: Server) -> str:
    made = shared_server.post(SPEC)["id"]
    shared_server.wait(made)
    return str(made)


def until(page: Page, holds: str) -> None:
    """The file's policy forbids the evaluation that Playwright's own waiting needs."""
    end = time.monotonic() + 20
    while not page.evaluate(holds):
        assert time.monotonic() < end, holds
        page.wait_for_timeout(50)


def test_a_file_replays_a_run_without_server_or_network(browser: Browser, server: Server, run: str, tmp_path: Path) -> None:
    file = tmp_path / "run.html"
    file.write_bytes(server.client.get(f"/api/runs/{run}/export", params={"format": "html", "lang": "ko"}).content)
    context = browser.new_context(offline=True, viewport={"width": 1280, "height": 900}, bypass_csp=False)
    page = context.new_page()
    troubles: list[str] = []
    page.on("console", lambda m: troubles.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda e: troubles.append(str(e)))
    page.on("request", lambda r: None if r.url.startswith(("file:", "data:", "blob:")) else troubles.append(r.url))
    page.on("dialog", lambda d: troubles.append(d.message))
    page.goto(file.as_uri())
    page.wait_for_selector("#figure-loss.js-plotly-plot")
    expect(page.get_by_role("heading", level=1)).to_have_text(str(SPEC["name"]))

    told = server.client.get(f"/api/runs/{run}/series", params={"names": "train/loss", "points": 600}).json()["series"][0]
    assert told["width"] > 1
    drawn = page.evaluate(UNPACK, ["figure-loss", "train/loss"])["y"]
    assert drawn == [v for low, high in zip(told["min"], told["max"], strict=True) for v in ([low, high] if low < high else [low])]
    val = server.points(run, "val/loss")
    shown = page.evaluate(UNPACK, ["figure-loss", "val/loss"])
    assert (shown["x"], shown["y"]) == (val[0], val[1])

    for wanted in (0, 700):
        page.locator("#slider").fill(str(wanted))
        at = int(page.locator("#table-step").inner_text())
        assert abs(at - wanted) <= 10  # of many measured steps some are kept
        table = server.client.get(f"/api/runs/{run}/layers", params={"step": at}).json()
        assert at == table["step"]
        names = page.locator("#table thead th").all_inner_texts()[1:]
        row = page.locator("#table tbody tr").nth(0).locator("td").all_inner_texts()
        cells = {name: float(text.replace("−", "-")) for name, text in zip(names, row, strict=True) if text}
        assert cells == {name: pytest.approx(v, rel=2e-3, abs=1e-30) for name, v in table["layers"]["hidden1"].items() if v is not None}
        fitted = server.client.get(f"/api/runs/{run}/function", params={"step": wanted}).json()["function"]
        assert int(page.locator("#function-step").inner_text()) == fitted["step"]
        z = page.evaluate(UNPACK, ["figure-function", None])["z"]
        assert [v for line in z for v in line] == fitted["values"]
    page.locator("#layer").select_option("hidden2")
    columns = server.client.get(f"/api/runs/{run}/histograms", params={"layer": "hidden2"}).json()["columns"]
    until(page, "document.getElementById('figure-activations').data[0].meta.layer === 'hidden2'")
    z = page.evaluate(UNPACK, ["figure-activations", None])["z"]
    assert [sum(line[i] for line in z) for i in range(len(columns))] == pytest.approx([1] * len(columns))

    page.locator("#play").click()
    until(page, "Number(document.getElementById('slider').value) > 720")
    page.locator("#play").click()
    expect(page.locator("#play")).to_have_text("▶ 재생")
    assert page.locator("#figure-loss ~ .cursor-line").is_visible()
    context.close()
    assert troubles == []


def test_first_weights_are_replayed_as_pictures_where_there_is_no_function_to_draw(
    browser: Browser, server: Server, tmp_path: Path
) -> None:
    run = server.post({"stop": {"max_epochs": 8, "max_steps": None, "early": None}})["id"]
    server.wait(run)
    file = tmp_path / "run.html"
    file.write_bytes(server.client.get(f"/api/runs/{run}/export", params={"format": "html"}).content)
    context = browser.new_context(offline=True, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(file.as_uri())
    page.wait_for_selector("#figure-function.js-plotly-plot")
    expect(page.get_by_role("heading", name="What do the first units look for?")).to_be_visible()
    for wanted in (0, 10_000):
        told = server.client.get(f"/api/runs/{run}/function", params={"step": wanted}).json()["function"]
        page.locator("#slider").fill(str(min(wanted, int(page.locator("#slider").get_attribute("max") or 0))))
        expect(page.locator("#function-step")).to_have_text(f"{told['step']:.0f}")
        weights = np.array(told["values"]).reshape(told["shape"])
        drawn = page.evaluate(UNPACK, ["figure-function", None])["z"]
        across = len(drawn[0]) // 9
        for unit in range(len(weights)):
            top, left = unit // across * 9, unit % across * 9
            tile = [v for line in drawn[top : top + 8] for v in line[left : left + 8]]
            assert tile == pytest.approx(weights[unit] / np.abs(weights).max(), abs=1e-6)
    context.close()


def test_axe_finds_nothing_in_a_replay(browser: Browser, server: Server, run: str, tmp_path: Path) -> None:
    file = tmp_path / "run.html"
    file.write_bytes(server.client.get(f"/api/runs/{run}/export", params={"format": "html"}).content)
    context = browser.new_context(offline=True, viewport={"width": 390, "height": 844}, bypass_csp=True)
    page = context.new_page()
    page.goto(file.as_uri())
    page.wait_for_selector("#figure-lines.js-plotly-plot")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.add_script_tag(path=AXE)
    assert page.evaluate("async () => (await axe.run()).violations.map((v) => [v.id, v.nodes[0].html.slice(0, 160)])") == []
    context.close()


@pytest.mark.parametrize("width", [1440, 390])
def test_the_lab_gives_the_shown_run_as_a_file(open_page: OpenPage, server: Server, run: str, width: int) -> None:
    page = open_page("ko", width=width, height=844, place=f"#run={run}")
    menu = page.locator("#export summary")
    expect(menu).to_have_attribute("aria-disabled", "false")
    menu.click()
    with page.expect_download() as caught:
        page.get_by_role("link", name="다시 돌려 보는 페이지(HTML)").click()
    assert caught.value.suggested_filename == f"dynascope-{run}.html"
    assert '<html lang="ko">' in caught.value.path().read_text()
    expect(page.locator(".menu-items")).to_be_hidden()
    menu.click()
    box = page.locator(".menu-items").bounding_box()
    assert box is not None
    assert 0 <= box["x"] <= box["x"] + box["width"] <= width
    page.keyboard.press("Escape")
    expect(page.locator(".menu-items")).to_be_hidden()
