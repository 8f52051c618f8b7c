"""The Lab by the data that it draws, in a real Chromium against a real server and real trainers."""

import time
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import current, traces
from tests.server import TOKEN, Server

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]


def until(page: Page, done: Callable[[], bool], seconds: float = 40) -> None:
    end = time.monotonic() + seconds

    def is_done() -> bool:
        try:
            return done()
        except StopIteration:  # the trace isn't drawn yet
            return False

    while not is_done():
        assert time.monotonic() < end, page.inner_text("body")[:2000]
        page.wait_for_timeout(100)


def start(page: Page) -> str:
    """Press Start and wait until the new run's loss is drawn; its id."""
    before = page.evaluate("location.hash")
    page.get_by_role("button", name="Start", exact=True).click()
    until(page, lambda: page.evaluate("location.hash") not in ("", before))
    run = str(page.evaluate("new URLSearchParams(location.hash.slice(1)).get('run')"))
    until(page, lambda: any(t["meta"].get("run") == run and len(t["x"]) > 3 for t in traces(page, "figure-loss", "train/loss")))
    return run


def stop(server: Server, run: str) -> None:
    server.client.post(f"/api/runs/{run}/control", json={"action": "stop"})


def counted(page: Page) -> int:
    return int(page.inner_text("#counter").replace(",", ""))


@pytest.mark.parametrize("block", [None, "**/series*"], ids=["", "series-blocked"])
def test_start_and_the_loss_falls_drawn_from_the_socket(open_page: OpenPage, server: Server, block: str | None) -> None:
    page = open_page(block=block)
    run = start(page)
    until(page, lambda: len(current(page, "figure-loss", "train/loss")["x"]) > 120)
    drawn = current(page, "figure-loss", "train/loss")
    assert drawn["meta"]["run"] == run
    assert server.get(run)["spec"]["stop"] == {"max_epochs": None, "max_steps": 20_000, "early": None}
    assert drawn["x"] == list(range(len(drawn["x"])))
    assert sum(drawn["y"][-20:]) < 0.5 * sum(drawn["y"][:20])
    stop(server, run)
    _, losses = server.points(run, "train/loss")
    assert drawn["y"] == losses[: len(drawn["y"])]
    until(page, lambda: current(page, "figure-loss", "val/loss")["x"] == server.points(run, "val/loss")[0])


def test_layer_norm_starts_a_second_run_drawn_over_the_first(open_page: OpenPage, server: Server) -> None:
    page = open_page()
    first = start(page)
    until(page, lambda: len(current(page, "figure-loss", "train/loss")["x"]) > 30)
    page.get_by_role("radio", name="Layer normalisation").or_(page.get_by_role("button", name="Layer normalisation")).first.click()
    until(page, lambda: current(page, "figure-loss", "train/loss")["meta"]["run"] != first)
    second = str(current(page, "figure-loss", "train/loss")["meta"]["run"])
    until(page, lambda: len(current(page, "figure-loss", "train/loss")["x"]) > 30)
    behind = [t for t in traces(page, "figure-loss", "train/loss") if t["meta"].get("previous")]
    assert [t["meta"]["run"] for t in behind] == [first]
    assert len(behind[0]["x"]) > 30
    assert server.get(first)["status"] == "stopped"
    assert server.get(second)["spec"]["norm"]["name"] == "layer"
    stop(server, second)


def test_l2_dragged_while_it_runs_flags_every_curve_at_the_step_it_was_applied(open_page: OpenPage, server: Server) -> None:
    page = open_page()
    run = start(page)
    slider = page.locator("[name='penalty.l2'][type=range]")
    slider.focus()
    for _ in range(5):
        page.keyboard.press("PageUp")
    applied: list[float] = []

    def acknowledged() -> bool:
        events = server.client.get(f"/api/runs/{run}/events").json()["items"]
        applied[:] = [e["step"] for e in events if e["kind"] == "control" and e["data"]["action"] == "set"]
        return bool(applied)

    until(page, acknowledged)
    until(page, lambda: len(current(page, "figure-loss", "train/loss")["x"]) > applied[-1] + 5)
    flags = "id => (document.getElementById(id).layout.shapes || []).map(s => s.x0)"
    for figure in ("figure-loss", "figure-accuracy", "figure-activations", "figure-norm"):
        until(page, lambda figure=figure: applied[-1] in page.evaluate(flags, figure))  # type: ignore[misc]
    assert server.points(run, "penalty/l2")[1][-1] > 0
    assert server.get(run)["status"] == "running"
    stop(server, run)


def test_pause_step_and_resume_from_the_page(open_page: OpenPage, server: Server) -> None:
    page = open_page()
    run = start(page)
    page.locator("#pause").click()
    until(page, lambda: server.get(run)["status"] == "paused")
    page.wait_for_timeout(300)
    held = server.get(run)["step"]
    assert counted(page) == held
    page.locator("#step").click()
    until(page, lambda: server.get(run)["step"] == held + 1 == counted(page))
    page.locator("#pause").click()
    until(page, lambda: server.get(run)["step"] > held + 10)
    page.locator("#stop").click()
    until(page, lambda: server.get(run)["status"] == "stopped")


def test_a_second_start_within_a_millisecond_starts_one_run(open_page: OpenPage, server: Server) -> None:
    page = open_page()
    newest = server.client.get("/api/runs", params={"limit": 1}).json()["items"]
    page.evaluate("() => { const b = document.getElementById('start'); b.click(); b.click(); }")
    page.wait_for_timeout(1500)
    made = server.client.get("/api/runs", params={"limit": 5}).json()["items"]
    fresh = made if not newest else made[: [r["id"] for r in made].index(newest[0]["id"])]
    assert len(fresh) == 1
    stop(server, fresh[0]["id"])


def test_a_refused_spec_is_told_beside_its_field_and_nothing_typed_is_lost(open_page: OpenPage, server: Server) -> None:
    page = open_page()
    page.evaluate("() => document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    batch = page.locator("[name='data.batch_size']").first
    batch.fill("1")
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_role("alert").first).to_contain_text("batch")
    assert batch.input_value() == "1"


def test_a_diverged_run_is_drawn_up_to_its_end(open_page: OpenPage, server: Server) -> None:
    spec = {"norm": {"name": "none"}, "model": {"params": {"depth": 6}}, "optimizer": {"params": {"lr": 1e18}}}
    run = server.post(spec)["id"]
    server.wait(run)
    page = open_page(place=f"#run={run}")
    steps, losses = server.points(run, "train/loss")
    until(page, lambda: len(current(page, "figure-loss", "train/loss")["x"]) == len(steps))
    drawn = current(page, "figure-loss", "train/loss")
    assert (drawn["x"], drawn["y"][:-1], drawn["y"][-1]) == (steps, losses[:-1], None)
    assert "diverged" in page.inner_text("body").lower()


def test_a_page_that_loses_its_server_says_so_and_goes_on_where_it_was(open_page: OpenPage, server: Server) -> None:
    page = open_page()
    run = start(page)
    page.context.set_offline(True)
    page.evaluate("() => window.dispatchEvent(new Event('offline'))")
    page.context.set_offline(False)
    held = len(current(page, "figure-loss", "train/loss")["x"])
    until(page, lambda: len(current(page, "figure-loss", "train/loss")["x"]) > held + 60)
    x = current(page, "figure-loss", "train/loss")["x"]
    assert x == list(range(len(x)))
    stop(server, run)


def test_the_page_speaks_korean(open_page: OpenPage, server: Server) -> None:
    page = open_page(lang="ko")
    expect(page.get_by_role("button", name="시작", exact=True)).to_be_visible()
    body = page.inner_text("body")
    for word in ("실험실", "가중치 초기화", "정규화", "손실"):
        assert word in body
    assert page.evaluate("document.documentElement.lang") == "ko"


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_nothing_scrolls_on_a_laptop_and_nothing_is_cut_on_a_phone(open_page: OpenPage, server: Server, lang: str) -> None:
    page = open_page(lang=lang)
    page.wait_for_timeout(500)
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight && document.documentElement.scrollWidth <= innerWidth")
    phone = open_page(lang=lang, width=390, height=844)
    phone.wait_for_timeout(500)
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    small = phone.evaluate(
        """() => [...document.querySelectorAll('button, [role=tab], select')].filter((e) => e.checkVisibility && e.checkVisibility()
             && !e.closest('.modebar') && e.getBoundingClientRect().height < 43.5).map((e) => e.outerHTML.slice(0, 90))"""
    )
    assert small == []


def test_the_page_is_refused_without_a_token_and_says_what_to_do(server: Server) -> None:
    answer = httpx.get(server.url)
    assert answer.status_code == 401
    assert "토큰" in answer.text
    assert TOKEN not in answer.text
