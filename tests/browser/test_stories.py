"""The Lab as a newcomer meets it: a story that moves, L2 that smooths it, two futures, a link, a script."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page

from tests.browser.conftest import current, traces
from tests.browser.test_lab import counted, start, stop, until
from tests.server import Server

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]


def run_of(page: Page) -> str:
    return str(page.evaluate("new URLSearchParams(location.hash.slice(1)).get('run')"))


def opened(open_page: OpenPage, **options: str) -> tuple[Page, str]:
    """As a newcomer opens it: the first story runs by itself."""
    page = open_page(place="", **options)
    until(page, lambda: counted(page) > 20 if page.inner_text("#counter") != "–" else False)
    return page, run_of(page)


def test_it_opens_moving_and_l2_halves_the_loss_on_unseen_data(open_page: OpenPage, server: Server) -> None:
    page, run = opened(open_page)
    assert server.get(run)["spec"]["data"]["name"] == "moons"
    assert server.get(run)["spec"]["pace"] == 60
    server.control(run, "set", **{"pace": 1000})
    until(page, lambda: counted(page) > 1500, 60)
    until(page, lambda: "by heart" in page.inner_text("#sentence"))
    assert page.inner_text("#try") == "Try L2 0.01"
    page.locator("#try").click()
    applied: list[float] = []

    def acknowledged() -> bool:
        events = server.client.get(f"/api/runs/{run}/events").json()["items"]
        applied[:] = [e["step"] for e in events if "penalty.l2" in (e["data"].get("changes") or {})]
        return bool(applied)

    until(page, acknowledged)
    until(page, lambda: current(page, "figure-loss", "val/loss")["x"][-1] > applied[0] + 250, 40)
    server.control(run, "pause")
    steps, losses = (np.array(column) for column in server.points(run, "val/loss"))
    flags = page.evaluate("() => document.getElementById('figure-loss').layout.shapes.map(s => s.x0)")
    assert applied[0] in flags
    before = losses[(steps > applied[0] - 100) & (steps <= applied[0])].mean()
    assert losses[(steps > applied[0]) & (steps <= applied[0] + 200)].min() < before / 2
    drawn = current(page, "figure-fitted", "function")
    assert len(drawn["z"]) == len(drawn["z"][0]) == 56
    stop(server, run)


def test_the_boundary_drawn_is_the_one_that_was_measured(open_page: OpenPage, server: Server) -> None:
    page, run = opened(open_page)
    page.locator("#stop").click()
    until(page, lambda: server.get(run)["status"] == "stopped")
    told = server.client.get(f"/api/runs/{run}/function").json()["function"]
    until(page, lambda: current(page, "figure-fitted", "function")["meta"]["step"] == told["step"])
    drawn = current(page, "figure-fitted", "function")["z"]
    assert [value for row in drawn for value in row] == pytest.approx(told["values"])


def test_a_fork_draws_two_futures_that_agree_to_the_last_bit(open_page: OpenPage, server: Server) -> None:
    page, parent = opened(open_page)
    page.locator("#fork").click()
    until(page, lambda: run_of(page) != parent)
    child = run_of(page)
    until(
        page,
        lambda: len(current(page, "figure-loss", "train/loss")["x"]) > 60 and current(page, "figure-loss", "val/loss")["meta"]["run"] != "",
    )

    def drawn(run: str) -> dict[float, float]:
        found = [t for t in traces(page, "figure-loss", "train/loss") if t["meta"]["run"] == run]
        return dict(zip(found[0]["x"], found[0]["y"], strict=True)) if len(found) == 1 else {}

    until(page, lambda: len(drawn(child)) > 60)
    both = drawn(parent), drawn(child)
    shared = both[0].keys() & both[1].keys()
    assert len(shared) > 40
    assert all(both[0][step] == both[1][step] for step in shared)
    assert page.locator(".arm").count() == 2
    slider = page.locator("[name='penalty.l2'][type=range]")
    slider.focus()
    for _ in range(6):
        page.keyboard.press("PageUp")
    until(page, lambda: (server.points(child, "penalty/l2")[1] or [0])[-1] > 0)
    assert server.points(parent, "penalty/l2")[1][-1] == 0
    for run in (parent, child):
        stop(server, run)


def test_a_story_of_three_runs_draws_them_side_by_side_and_each_can_be_looked_into(open_page: OpenPage, server: Server) -> None:
    page = open_page()
    page.locator("#preset").select_option("three_beginnings")
    until(page, lambda: page.locator(".arm").count() == 3)
    until(page, lambda: len({t["meta"]["run"] for t in traces(page, "figure-loss", "train/loss") if len(t["x"]) > 30}) == 3, 40)
    first = run_of(page)
    assert page.locator("[role=radio][aria-checked=true] .chip-name").inner_text() == "hidden5"
    page.get_by_role("radio", name="σ = 0.01").click()
    until(page, lambda: run_of(page) != first)
    until(page, lambda: "⚠" in page.inner_text("#sentence"))
    assert page.locator("#f-normal-init-params-std").input_value() == "0.01"
    for arm in page.locator(".arm").all():
        stop(server, str(arm.get_attribute("data-run")))


def test_a_shared_link_opens_the_same_settings_seed_and_view(open_page: OpenPage, server: Server) -> None:
    page = open_page()
    page.locator("[name='seed']").evaluate("(box) => { box.value = '7'; box.dispatchEvent(new Event('change', {bubbles: true})); }")
    page.locator("select[name='init.name']").select_option("orthogonal")
    run = start(page)
    page.get_by_role("radio", name="hidden3").click()
    page.locator("#log-loss").click()
    page.locator("#share").click()
    link = page.locator("#paper-text").input_value()
    page.locator("#paper-close").click()
    stop(server, run)
    other = open_page(place="#" + link.split("#")[1])
    assert other.locator("select[name='init.name']").input_value() == "orthogonal"
    assert other.locator("#log-loss").get_attribute("aria-pressed") == "true"
    again = start(other)
    assert server.get(again)["spec"] == server.get(run)["spec"]
    until(other, lambda: "hidden3" in other.inner_text("#card-activations"))
    stop(server, again)


def test_the_script_of_the_run_is_shown_and_runs(open_page: OpenPage, server: Server, tmp_path: Path) -> None:
    page = open_page()
    run = start(page)
    page.locator("#stop").click()
    until(page, lambda: server.get(run)["status"] == "stopped")
    page.locator("#code").click()
    until(page, lambda: "import torch" in page.locator("#paper-text").input_value())
    (tmp_path / "run.py").write_text(page.locator("#paper-text").input_value())
    subprocess.run([sys.executable, "-I", "run.py", "losses.csv"], cwd=tmp_path, check=True, capture_output=True)
    losses = [float(x) for x in (tmp_path / "losses.csv").read_text().split()]
    assert losses == server.points(run, "train/loss")[1]


def test_digits_show_the_first_weights_and_a_sine_its_curve(open_page: OpenPage, server: Server) -> None:
    page = open_page()
    run = start(page)
    until(page, lambda: current(page, "figure-fitted", "weights")["meta"]["units"] == 64)
    stop(server, run)
    page.locator("#branch-data > summary").click()
    page.locator("select[name='data.name']").select_option("sine")
    until(page, lambda: run_of(page) != run)
    until(page, lambda: len(current(page, "figure-fitted", "function")["x"]) == 201)
    assert "curve" in page.inner_text("#title-fitted")
    stop(server, run_of(page))
