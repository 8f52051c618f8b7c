"""What a visitor finds again: settings after a reload, the place in another language, a change where it was made, what was refused."""

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import traces
from tests.browser.test_lab import start, stop, until
from tests.server import Server

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]


def test_after_a_reload_the_form_says_what_the_shown_run_is_made_of(open_page: OpenPage, server: Server) -> None:
    page = open_page()
    page.locator("[name='penalty.l1']:not([type=range])").fill("0.003")
    page.get_by_role("radio", name="Layer normalisation").check(force=True)
    run = start(page)
    page.reload()
    page.wait_for_selector("#figure-loss.js-plotly-plot")
    until(page, lambda: bool(traces(page, "figure-loss")))
    expect(page.locator("[name='penalty.l1']:not([type=range])")).to_have_value("0.003")
    page.get_by_role("radio", name="Group normalisation").check(force=True)
    until(page, lambda: run not in page.url)
    spec = server.get(page.url.split("run=")[1])["spec"]
    assert (spec["norm"]["name"], spec["penalty"]["l1"]) == ("group", 0.003)
    stop(server, page.url.split("run=")[1])


def test_another_language_keeps_the_place(open_page: OpenPage, server: Server) -> None:
    run = server.wait(server.post({"stop": {"max_epochs": 1, "early": None}, "name": "kept"})["id"])["id"]
    page = open_page(place=f"#run={run}")
    until(page, lambda: bool(traces(page, "figure-loss")))
    page.get_by_role("link", name="한국어").click()
    page.wait_for_url(f"**/?lang=ko#run={run}")
    page.wait_for_selector("#figure-loss.js-plotly-plot")
    until(page, lambda: any(t["meta"].get("run") == run for t in traces(page, "figure-loss")))
    assert page.evaluate("[document.documentElement.lang, location.hash]") == ["ko", f"#run={run}"]
    (newest,) = server.client.get("/api/runs", params={"limit": 1}).json()["items"]
    assert newest["id"] == run, "a story began in its place"


def test_a_change_lands_on_the_run_that_it_was_made_of(open_page: OpenPage, server: Server) -> None:
    """However soon another one is looked at, and however long the first change takes."""
    page = open_page()
    first = start(page)
    until(page, lambda: (server.get(first)["step"] or 0) > 5)
    page.locator("#fork").click()
    until(page, lambda: first not in page.url)
    second = page.url.split("run=")[1]
    until(page, lambda: server.get(second)["status"] == "running")
    slider = page.locator("[name='penalty.l2'][type=range]")
    slider.focus()
    page.keyboard.press("PageUp")
    page.keyboard.press("PageUp")
    page.locator(f".arm[data-run='{first}']").click()

    def changes(run: str) -> list[str]:
        events = server.client.get(f"/api/runs/{run}/events").json()["items"]
        return [json.dumps(e["data"]["changes"]) for e in events if e["kind"] == "control" and e["data"]["action"] == "set"]

    until(page, lambda: bool(changes(second)))
    page.wait_for_timeout(700)
    assert changes(first) == []
    for run in (first, second):
        stop(server, run)


def test_what_was_refused_stays_said_until_the_next_deed(open_page: OpenPage, server: Server) -> None:
    study = server.client.post("/api/studies", json={"base": {"stop": {"max_epochs": 1, "early": None}}, "axes": {}, "seeds": 1}).json()
    server.client.get(f"/api/studies/{study['id']}/wait", params={"timeout": 30}, timeout=40)
    page = open_page(path=f"/studies/{study['id']}")
    expect(page.locator("#title")).to_be_visible()
    page.locator("#extend-by").fill("100000")
    page.locator("#extend").evaluate("form => form.requestSubmit ? (form.noValidate = true, form.requestSubmit()) : form.submit()")
    expect(page.locator("#trouble")).to_be_visible()
    said = page.locator("#trouble").inner_text()
    server.client.patch(f"/api/studies/{study['id']}", json={"name": "another name"})  # the page asks anew
    expect(page.locator("#title")).to_have_text("another name")
    page.wait_for_timeout(300)
    assert page.locator("#trouble").inner_text() == said
    page.locator("#name").fill("a third name")
    page.keyboard.press("Enter")
    expect(page.locator("#trouble")).to_be_hidden()


def test_a_refused_study_puts_the_keyboard_where_it_is_to_be_mended(open_page: OpenPage, server: Server) -> None:
    page = open_page(path="/studies/new")
    page.locator("#seeds").fill("0")
    page.locator("#build").evaluate("form => form.requestSubmit()")
    expect(page.locator("#error-seeds")).to_be_visible()
    expect(page.locator("#seeds")).to_be_focused()
    expect(page.locator("#seeds")).to_have_attribute("aria-invalid", "true")
