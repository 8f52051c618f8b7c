"""A part's file is dropped into its folder while the server runs: catalogue, page and a trained run have it. A probe that fails is told."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import traces
from tests.browser.test_lab import until
from tests.server import ROOT, TOKEN, Server
from tests.trainer.dropped import INIT, PROBE

pytestmark = pytest.mark.browser


def examples() -> list[str]:
    """The probe and the view of CONTRIBUTING.md, as they stand there."""
    guide = (ROOT / "CONTRIBUTING.md").read_text()
    return [
        re.search(rf"`{path}/mine.*?```(?:python|js)\n(.*?)```", guide, re.DOTALL)[1]
        for path in ("dynascope/probes", "static/js/charts/views")
    ]  # type: ignore[index]


def test_a_dropped_init_is_in_catalogue_page_and_a_run_with_no_other_edit(
    new_server: Callable[..., Server], browser: Browser, tmp_path: Path
) -> None:
    root = tmp_path / "house"
    for folder in ("app", "trainer", "dynascope", "templates", "static", "locale"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "dynascope/probes/hopeless.py").write_text(PROBE)
    probe, view = examples()
    (root / "dynascope/probes/largest.py").write_text(probe)
    (root / "static/js/charts/views/mine.js").write_text(view)
    (root / "static/js/charts/views/torn.js").write_text("export default {")
    server = new_server(root=root).start()
    names = [part["name"] for part in server.client.get("/api/catalog").json()["parts"]["init"]]
    assert "half" not in names
    (root / "trainer/parts/inits/half.py").write_text(INIT)
    entry = next(part for part in server.client.get("/api/catalog").json()["parts"]["init"] if part["name"] == "half")
    assert entry["label"] == {"en": "Half", "ko": "절반"}
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{server.url}/?token={TOKEN}&lang=en#spec=e30")
    page.wait_for_selector("#figure-loss.js-plotly-plot")
    page.locator("select[name='init.name']").select_option(label="Half")
    page.get_by_role("button", name="Start", exact=True).click()
    until(page, lambda: "#run=" in page.url)
    run = page.url.split("run=")[1]
    assert server.until_step(run, 20)["spec"]["init"]["name"] == "half"
    heights = server.client.get(f"/api/runs/{run}/layers", params={"step": 0}).json()["layers"]["hidden1"]
    assert heights["weight/std"] == pytest.approx(0, abs=1e-6)
    assert heights["weight/mean"] == pytest.approx(0.5)
    page.get_by_role("button", name="Weights", exact=True).click()
    until(page, lambda: page.locator("#title-fitted").text_content() == "How large are the largest weights?")
    until(page, lambda: {trace["name"] for trace in traces(page, "figure-fitted")} == {"hidden1", "hidden2", "hidden3", "hidden4", "out"})
    drawn = next(trace for trace in traces(page, "figure-fitted") if trace["name"] == "hidden1")
    until(page, lambda: len(drawn["y"]) > 0)
    assert drawn["y"][0] == pytest.approx(0.5), "the dropped init's weights, by the dropped probe, in the dropped view"
    page.get_by_role("button", name="Function", exact=True).click()
    words = "() => (document.getElementById('figure-loss').layout.annotations ?? []).map((a) => a.text)"
    until(page, lambda: "⚑ measurement hopeless failed, left out" in page.evaluate(words))
    server.control(run, "stop")
    server.wait(run)
    assert "measurement hopeless failed, left out" in server.client.get(f"/api/runs/{run}/export", params={"format": "html"}).text
    context.close()
