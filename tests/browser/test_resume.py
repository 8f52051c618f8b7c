"""A run that has ended goes on in the page that shows it; classes and visits beside the fitted function."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import current, traces
from tests.browser.test_lab import OpenPage, start, until
from tests.server import Server

pytestmark = pytest.mark.browser


def opened(page: Page, run: str) -> None:
    page.evaluate(f"location.hash = 'run={run}'")
    until(page, lambda: bool(traces(page, "figure-loss", "train/loss")))


def drawn_steps(page: Page) -> Any:
    return current(page, "figure-loss", "train/loss")["x"]


def test_a_stopped_run_is_resumed_with_what_was_moved_meanwhile_and_drawn_on_without_a_reload(open_page: OpenPage, server: Server) -> None:
    page = open_page()
    run = start(page)
    page.locator("#stop").click()
    until(page, lambda: server.get(run)["status"] == "stopped")
    held = server.get(run)["step"]
    button = page.get_by_role("button", name="Resume", exact=True)
    expect(button).to_be_enabled()
    page.evaluate("window.stays = true")
    page.locator('[data-path="penalty.l2"]').first.fill("0.02")
    page.locator('[data-path="penalty.l2"]').first.press("Tab")
    assert server.get(run)["status"] == "stopped"
    button.click()
    until(page, lambda: server.get(run)["step"] > held + 20)
    until(page, lambda: max(drawn_steps(page)) > held + 10)
    steps = drawn_steps(page)
    assert steps == sorted(steps)
    assert page.evaluate("window.stays && new URLSearchParams(location.hash.slice(1)).get('run')") == run
    assert server.get(run)["attempt"] == 2
    penalties = dict(zip(*server.points(run, "penalty/l2"), strict=True))
    assert penalties[held - 1] == 0
    assert (penalties[held] or 0) > 0
    assert any(
        "resumed here" in str(a) for a in page.evaluate("document.getElementById('figure-loss').layout.annotations.map((a) => a.text)")
    )
    page.locator("#stop").click()
    until(page, lambda: server.get(run)["status"] == "stopped")


def test_a_finished_run_says_beside_the_control_what_it_lacks_and_then_goes_on(open_page: OpenPage, server: Server) -> None:
    run = server.post({"stop": {"max_epochs": 2, "max_steps": None, "early": None}})["id"]
    server.wait(run)
    page = open_page(place=f"#run={run}")
    opened(page, run)
    button = page.get_by_role("button", name="Resume", exact=True)
    button.click()
    epochs = page.locator('[data-field="stop.max_epochs"]')
    expect(epochs.locator(".field-error")).to_contain_text("give more to go on")
    epochs.locator("input[data-path]").fill("4")
    epochs.locator("input[data-path]").press("Tab")
    button.click()
    until(page, lambda: [server.get(run)[name] for name in ("attempt", "status")] == [2, "finished"])
    assert server.get(run)["step"] == 4 * 17
    until(page, lambda: max(drawn_steps(page)) == 4 * 17 - 1)
    expect(page.locator("#state-word")).to_have_text("finished")


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_classes_and_visits_are_drawn_from_what_the_run_told(open_page: OpenPage, server: Server, lang: str) -> None:
    run = server.post({"stop": {"max_epochs": 3, "max_steps": None, "early": None}})["id"]
    server.wait(run)
    page = open_page(place=f"#run={run}", lang=lang)
    opened(page, run)
    page.locator('[data-view="classes"]').click()
    until(page, lambda: bool(traces(page, "figure-fitted", "class/val")))
    table = server.client.get(f"/api/runs/{run}/matrices/classes").json()
    assert current(page, "figure-fitted", "class/val")["y"] == pytest.approx(table["values"][0::6])
    assert current(page, "figure-fitted", "class/train")["y"] == pytest.approx(table["values"][3::6])
    page.locator('[data-view="visits"]').click()
    until(page, lambda: bool(traces(page, "figure-fitted", "visits/train")))
    trained, untouched = current(page, "figure-fitted", "visits/train"), current(page, "figure-fitted", "visits/val")
    assert (trained["x"], trained["y"]) == ([3], [len(server.client.get(f"/api/runs/{run}/matrices/visits").json()["values"])])
    assert (untouched["x"], untouched["y"]) == ([0], [359])
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight && document.documentElement.scrollWidth <= innerWidth")
    page.locator('[data-view="fitted"]').click()
    until(page, lambda: bool(traces(page, "figure-fitted", "weights")))
