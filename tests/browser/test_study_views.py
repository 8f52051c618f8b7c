"""Bias and variance, and the path along λ, in a real Chromium: what is drawn is what REST tells."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.studying import OpenPage, axe, begin, figure, look, whole
from tests.browser.test_lab import until
from tests.server import Server

pytestmark = pytest.mark.browser

SINE: dict[str, Any] = {
    "data": {"name": "sine", "params": {"n": 90, "noise": 0.3}, "batch_size": "full", "train_size": 30, "val_size": 20, "test_size": 40}
    | {"split_seed": 3, "resample": "fresh", "standardize": False},
    "model": {"name": "polynomial"},
    "init": {"name": "zeros"},
    "optimizer": {"name": "gd", "params": {"lr": 0.1}},
}


@pytest.fixture(scope="session")
def bent(shared_server: Server) -> dict[str, Any]:
    """Polynomials of three degrees on three training sets each."""
    return whole(shared_server, begin(shared_server, axes={"model.params.degree": [1, 3, 5]}, seeds=3, name="bent", **SINE))


@pytest.fixture(scope="session")
def lasso(shared_server: Server) -> dict[str, Any]:
    base = SINE | {"penalty": {"method": "proximal"}, "model": {"name": "polynomial", "params": {"degree": 5}}}
    return whole(shared_server, begin(shared_server, axes={"penalty.l1": [0.001, 0.01, 0.1, 1.0]}, name="path", **base))


@pytest.mark.timeout(240)
def test_bias_and_variance_are_drawn_with_the_fitted_curves_behind(open_page: OpenPage, server: Server, bent: dict[str, Any]) -> None:
    page = look(open_page, server, f"{bent['url']}#view=decomposition", bypass_csp=True)
    told = server.client.get(f"/api/studies/{bent['id']}/decomposition").json()
    until(page, lambda: figure(page, "figure-decomposition") != [])
    for term in ("bias2", "variance", "noise", "error"):
        drawn = next(t for t in figure(page, "figure-decomposition") if (t["part"], t["kind"]) == (term, "value"))
        assert (drawn["x"], drawn["y"]) == ([1, 3, 5], [row[term] for row in told["by"]])
    band = next(t for t in figure(page, "figure-decomposition") if (t["part"], t["kind"]) == ("variance", "interval"))
    assert band["y"] == [row["high"]["variance"] for row in told["by"]] + [row["low"]["variance"] for row in reversed(told["by"])]
    expect(page.locator("#decomposition-from")).to_contain_text("Geman")
    until(page, lambda: any(t["kind"] == "mean" for t in figure(page, "figure-fits")))
    page.locator("#capacity").focus()
    page.keyboard.press("ArrowRight")
    curve = told["curves"]["by"][1]
    until(page, lambda: next(t for t in figure(page, "figure-fits") if t["kind"] == "mean")["y"] == curve["mean"])
    assert [t["y"] for t in figure(page, "figure-fits") if t["kind"] == "run"] == curve["runs"]
    assert next(t for t in figure(page, "figure-fits") if t["kind"] == "truth")["y"] == told["curves"]["truth"]
    assert "point=1" in page.url
    expect(page.locator("#fits-title")).to_contain_text("3 runs")
    assert axe(page) == []


@pytest.mark.timeout(240)
def test_a_path_is_drawn_with_its_zeros_its_errors_and_the_least_one(open_page: OpenPage, server: Server, lasso: dict[str, Any]) -> None:
    page = look(open_page, server, f"{lasso['url']}#view=path", bypass_csp=True)
    told = server.client.get(f"/api/studies/{lasso['id']}/path").json()
    until(page, lambda: figure(page, "figure-errors") != [] and figure(page, "figure-weights") != [])
    lines = {t.get("kind", t.get("weight")): t for t in figure(page, "figure-weights")}
    assert lines["zeros"]["y"] == [point["zeros"] for point in told["by"]]
    assert lines["norm"]["y"] == [point["norm"] for point in told["by"]]
    for weight in range(len(told["by"][0]["weights"])):
        assert lines[weight]["y"] == [point["weights"][weight] for point in told["by"]]
    for split in ("train", "val", "test"):
        drawn = next(t for t in figure(page, "figure-errors") if (t["split"], t["kind"]) == (split, "mean"))
        assert (drawn["x"], drawn["y"]) == ([0.001, 0.01, 0.1, 1.0], [point[split]["mean"] for point in told["by"]])
    marked = page.evaluate("() => document.getElementById('figure-errors').layout.shapes.map((s) => s.x0)")
    assert marked == [told["best"]["lambda"]]
    said = page.evaluate("() => document.getElementById('figure-errors').layout.annotations.map((a) => a.text)")
    assert ("underfitting →" in said) == (told["ends"]["high"]["verdict"] == "underfit")
    assert ("← overfitting" in said) == (told["ends"]["low"]["verdict"] == "overfit")
    assert axe(page) == []


def test_only_the_views_that_fit_are_offered(open_page: OpenPage, server: Server, bent: dict[str, Any], lasso: dict[str, Any]) -> None:
    page = look(open_page, server, bent["url"])
    expect(page.locator("#tab-decomposition")).to_be_visible()
    expect(page.locator("#tab-path")).to_be_hidden()
    page.goto(f"{server.url}{lasso['url']}")
    expect(page.locator("#tab-path")).to_be_visible()
