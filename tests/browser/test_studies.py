"""Studies in a real Chromium: put together, followed live, read by what is drawn."""

import json
import re
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.studying import SMALL_TARGETS, OpenPage, axe, begin, cells, drawn_line, figure, look, whole
from tests.browser.test_lab import until
from tests.server import Server

pytestmark = pytest.mark.browser


@pytest.fixture(scope="session")
def grid(shared_server: Server) -> dict[str, Any]:
    """Two by two cells, half of them holes, three seeds that a mean and a median tell apart, with a name that must stay text."""
    return whole(shared_server, begin(shared_server, seeds=3, name="<script>alert(1)</script> 🦊"))


@pytest.fixture(scope="session")
def line(shared_server: Server) -> dict[str, Any]:
    """One axis of numbers."""
    return whole(shared_server, begin(shared_server, axes={"model.params.width": [2, 4, 8]}, name="widths"))


def bands(server: Server, id: str, name: str = "val/loss", points: int = 160) -> dict[int, Any]:
    told = server.client.get(f"/api/studies/{id}/bands", params={"name": name, "points": points}).json()
    return {cell["index"]: cell for cell in told["cells"]}


def test_every_cells_band_is_what_rest_tells_and_a_hole_says_why(open_page: OpenPage, server: Server, grid: dict[str, Any]) -> None:
    page = look(open_page, server, grid["url"])
    sound = [cell["index"] for cell in grid["cells"] if not cell["refused"]]
    until(page, lambda: all(drawn_line(page, cell) is not None for cell in sound))
    told, seen = bands(server, grid["id"]), cells(page)
    for cell in grid["cells"]:
        one = seen[str(cell["index"])]
        if cell["refused"]:
            assert one["drawn"] is None
            assert cell["refused"][0]["msg"] in one["text"]
            assert "refused" in one["text"]
        else:
            band = told[cell["index"]]
            assert one["drawn"] == {
                "step": band["step"],
                "line": band["mean"],
                "bands": [[band["q10"], band["q90"]], [band["low"], band["high"]]],
            }
            assert "3 of 3 seeds" in one["text"]
    page.locator("#line").select_option("median")
    page.locator("#band").select_option("quantiles")
    page.locator("#series").select_option("train/loss")
    told = bands(server, grid["id"], "train/loss")
    until(page, lambda: drawn_line(page, 2) == told[2]["median"])
    assert cells(page)["2"]["drawn"]["bands"] == [[told[2]["q10"], told[2]["q90"]]]
    page.reload()  # the address holds the view
    until(page, lambda: drawn_line(page, 2) == told[2]["median"])


def test_the_heatmaps_numbers_are_the_finals_and_a_cell_opens_its_runs(open_page: OpenPage, server: Server, grid: dict[str, Any]) -> None:
    page = look(open_page, server, f"{grid['url']}#view=heatmap&final=test/loss")
    page.locator("#heatmap .heat").first.wait_for()
    for cell in grid["cells"]:
        button = page.locator(f"#heatmap [data-cell='{cell['index']}']")
        if cell["refused"]:
            assert cell["refused"][0]["msg"] in str(button.get_attribute("title"))
            continue
        final = cell["finals"]["test/loss"]
        assert float(button.locator("b").inner_text()) == pytest.approx(final["mean"], rel=1e-3)
        assert button.locator(".heat-n").inner_text() == "n = 3"
    page.locator("#heatmap [data-cell='2']").click()
    links = page.locator("#cell-runs tbody a")
    expect(links).to_have_count(3)
    runs = [link.get_attribute("href") for link in links.all()]
    assert runs == [f"/#run={run['run']}" for run in grid["cells"][2]["runs"]]
    values = [float(text) for text in page.locator("#cell-runs tbody td:nth-child(3)").all_inner_texts()]
    assert values == pytest.approx(grid["cells"][2]["finals"]["test/loss"]["values"], rel=1e-3)
    assert "cell=2" in page.url
    page.locator("#cell-close").click()
    expect(page.locator("#cell")).to_be_hidden()
    page.locator("#heatmap [data-cell='1']").click()
    expect(page.locator("#cell-refused")).to_contain_text(grid["cells"][1]["refused"][0]["msg"])


def test_a_name_of_markup_is_text(open_page: OpenPage, server: Server, grid: dict[str, Any]) -> None:
    page = look(open_page, server, grid["url"])
    expect(page.locator("#title")).to_have_text(grid["name"])
    assert page.locator("#name").input_value() == grid["name"]
    page.goto(f"{server.url}/runs")
    expect(page.locator(f"[data-study='{grid['id']}'] .run-link")).to_have_text(grid["name"])
    run = grid["cells"][0]["runs"][0]["run"]
    page.locator("#filters [name=q]").fill(grid["name"])
    until(page, lambda: page.locator(f"[data-run='{run}']").count() == 1)
    assert grid["name"] in page.locator(f"[data-run='{run}'] .run-link").inner_text()


def test_one_axis_is_a_line_with_intervals_over_it(open_page: OpenPage, server: Server, line: dict[str, Any]) -> None:
    page = look(open_page, server, f"{line['url']}#view=heatmap&final=val/loss")
    until(page, lambda: figure(page, "figure-finals") != [])
    finals = [cell["finals"]["val/loss"] for cell in line["cells"]]
    traces = {trace["kind"]: trace for trace in figure(page, "figure-finals")}
    assert (traces["mean"]["x"], traces["mean"]["y"]) == ([2, 4, 8], [final["mean"] for final in finals])
    assert traces["interval"]["y"] == [f["high"] for f in finals] + [f["low"] for f in reversed(finals)]
    assert sorted(traces["seeds"]["y"]) == sorted(value for final in finals for value in final["values"])
    page.locator("#middle").select_option("median")
    until(page, lambda: any(t["kind"] == "median" and t["y"] == [f["median"] for f in finals] for t in figure(page, "figure-finals")))
    rows = page.locator("#table-finals tr").all_inner_texts()
    assert len(rows) == 4


def test_a_study_is_put_together_followed_live_and_extended(open_page: OpenPage, server: Server) -> None:
    page = look(open_page, server, "/studies/new")
    page.locator("#study-name").fill("from the page")
    page.locator("#max-epochs").fill("")
    page.locator("#max-steps").fill("40")
    page.locator("#axis-0").select_option("model.params.width")
    page.locator("#values-0").fill("2, many")
    page.locator("#start").click()
    expect(page.locator("#error-axis-0")).to_contain_text("many")
    page.locator("#values-0").fill("2, 2")
    page.locator("#start").click()
    expect(page.locator("#error-axis-0")).to_contain_text("twice")
    page.locator("#values-0").fill("2, 4")
    page.locator("#axis-1").select_option("norm.name")
    for word in ("Batch normalisation", "None"):
        page.locator("[data-axis='1']").get_by_label(word, exact=True).check()
    page.locator("#seeds").fill("2")
    expect(page.locator("#count")).to_have_text("2 × 2 = 4 cells × 2 seeds: 8 runs")
    page.locator("#json").click()
    body = json.loads(page.locator("#paper-text").input_value())
    assert body["axes"] == {"model.params.width": [2, 4], "norm.name": ["none", "batch"]}
    assert (body["seeds"], body["base"]["stop"]["max_steps"], body["base"]["stop"]["max_epochs"]) == (2, 40, None)
    page.locator("#paper-close").click()
    page.locator("#start").click()
    page.wait_for_url(re.compile("/studies/[0-9a-f]{16}"))
    page.evaluate("window.kept = true")
    until(page, lambda: "done" in page.inner_text("#status"), 60)
    expect(page.locator("#progress-word")).to_contain_text("8 of 8 runs have ended")
    assert page.evaluate("window.kept")  # what came, came without a reload
    id = page.url.split("/studies/")[1].split("#")[0]
    told = bands(server, id)
    until(page, lambda: all(drawn_line(page, i) == told[i]["mean"] for i in range(4)))
    page.locator("#extend-by").fill("1")
    page.get_by_role("button", name="Extend").click()
    until(page, lambda: "12 of 12 runs have ended" in page.inner_text("#progress-word"), 60)
    assert server.client.get(f"/api/studies/{id}").json()["seeds"] == [0, 1, 2]
    until(page, lambda: "3 of 3 seeds" in cells(page)["0"]["text"])


def test_what_the_server_refuses_stands_at_its_field(open_page: OpenPage, server: Server) -> None:
    page = look(open_page, server, "/studies/new")
    page.locator("#axis-0").select_option("norm.name")
    page.locator("[data-axis='0']").get_by_label("Instance normalisation", exact=True).check()
    page.locator("#start").click()
    expect(page.locator("#trouble, #error-axis-0").filter(has_text="vector").first).to_be_visible()
    assert page.url.endswith("/studies/new?lang=en")


def test_a_study_is_cancelled_renamed_and_deleted_from_the_page(open_page: OpenPage, server: Server) -> None:
    id = begin(
        server, axes={"model.params.width": [2, 4]}, name="slow", pace=20, stop={"max_epochs": None, "max_steps": 4000, "early": None}
    )
    page = look(open_page, server, f"/studies/{id}")
    until(page, lambda: "running" in page.inner_text("#status"))
    until(page, lambda: drawn_line(page, 0) is not None)  # of a run that goes on
    page.get_by_role("button", name="Cancel").click()
    until(page, lambda: "cancelled" in page.inner_text("#status"), 40)
    expect(page.get_by_role("button", name="Cancel")).to_be_hidden()
    page.locator("#name").fill("slow, no more")
    page.keyboard.press("Enter")
    until(page, lambda: server.client.get(f"/api/studies/{id}").json()["name"] == "slow, no more")
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Keep").click()
    assert server.client.get(f"/api/studies/{id}").status_code == 200
    page.get_by_role("button", name="Delete").click()
    page.locator("#ask-yes").click()
    page.wait_for_url("**/runs")
    assert server.client.get(f"/api/studies/{id}").status_code == 404
    assert page.locator(f"[data-study='{id}']").count() == 0


def test_a_study_that_is_not_there_is_told(open_page: OpenPage, server: Server) -> None:
    page = open_page(path="/studies/0123456789abcdef")
    expect(page.locator("#trouble")).to_contain_text("There is no study")


def test_the_lab_hands_its_settings_to_a_study(open_page: OpenPage, server: Server) -> None:
    page = open_page()
    page.get_by_role("radio", name="Layer normalisation").check(force=True)
    page.locator("#study").click()
    page.wait_for_url("**/studies/new#spec=*")
    expect(page.locator("#base")).to_have_value("lab")
    expect(page.locator("#base-word")).to_contain_text("norm: Layer")
    expect(page.locator("#max-steps")).to_have_value("2000")


@pytest.mark.parametrize(("lang", "scheme", "width"), [("en", "light", 1440), ("ko", "dark", 1440), ("ko", "light", 390)])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_page(
    open_page: OpenPage, server: Server, grid: dict[str, Any], lang: str, scheme: str, width: int
) -> None:
    page = look(open_page, server, grid["url"], lang, width=width, color_scheme=scheme, bypass_csp=True)
    for address in (f"{grid['url']}#cell=1", f"{grid['url']}#view=heatmap&cell=0", "/studies/new"):
        page.goto("about:blank")
        page.goto(f"{server.url}{address}")
        page.locator("#cell-title" if "cell" in address else "#count").wait_for()
        page.wait_for_timeout(500)
        assert axe(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        if width == 390:
            assert page.evaluate(SMALL_TARGETS) == []
        levels = page.evaluate(
            "() => [...document.querySelectorAll('h1, h2, h3')].filter((h) => h.checkVisibility()).map((h) => Number(h.tagName[1]))"
        )
        assert levels[0] == 1
        assert all(b <= a + 1 for a, b in pairwise(levels))


def test_the_korean_page_has_no_english_left(open_page: OpenPage, server: Server, grid: dict[str, Any]) -> None:
    page = look(open_page, server, grid["url"], "ko")
    for word in ("실행 6개 중 6개 끝남", "거절된 칸 2개", "칸마다 어떻게 배우고", "검증 손실", "늘리기", "지우기", "거절"):
        expect(page.locator("main")).to_contain_text(word, use_inner_text=True)
    page.goto(f"{server.url}/studies/new")
    expect(page.locator("#count")).to_have_text("칸 1개 × 시드 5개: 실행 5개")
