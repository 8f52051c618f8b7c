"""A data set of one's own, by the page: sent, shown for confirmation, used, deleted."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.app.data.test_datasets import CSV
from tests.browser.test_care import AXE
from tests.browser.test_lab import start, stop, until
from tests.server import Server

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]


def choose(page: Page, dataset: str) -> None:
    page.evaluate("() => document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    page.locator("select[name='data.name']").select_option(dataset)


def attach(page: Page, label: str, name: str, content: str) -> None:
    page.get_by_label(label).set_input_files({"name": name, "mimeType": "text/csv", "buffer": content.encode()})


def test_a_file_is_uploaded_confirmed_and_trained_on_then_deleted(open_page: OpenPage, server: Server) -> None:
    page = open_page()
    choose(page, "table")
    attach(page, "Upload a CSV or Parquet file", "<b>mine.csv", CSV)
    found = page.get_by_role("group", name="What was found")
    expect(found).to_be_visible()
    said = page.locator("[data-uploads=table] [data-said]")
    expect(said).to_contain_text("60 rows, 2 features. Classes: no, yes. Not used: letter (text), id (text).")
    expect(found.get_by_label("Target")).to_have_value("label")
    expect(found.get_by_label("Target")).to_be_focused()
    found.get_by_label("Target").select_option("a")
    found.get_by_role("button", name="Use it").press("Enter")  # by keyboard: sent again with another target
    expect(found.get_by_label("Task")).to_have_value("regression")
    found.get_by_role("button", name="Use it").press("Enter")
    expect(found).to_be_hidden()
    uploads = server.client.get("/api/datasets").json()["items"]
    mine = [one for one in uploads if one["name"] == "<b>mine.csv"]
    assert [(one["target"], one["task"]) for one in mine] == [("a", "regression")]
    select = page.locator("select[name='data.params.id']:enabled")
    expect(select).to_have_value(mine[0]["id"])
    assert "<b>mine.csv" in select.inner_text()
    run = start(page)
    assert server.get(run)["spec"]["data"]["params"] == {"id": mine[0]["id"]}
    stop(server, run)
    until(page, lambda: server.get(run)["status"] == "stopped")
    page.on("dialog", lambda dialog: dialog.accept())
    page.locator("[data-uploads=table] [data-remove]").click()
    until(page, lambda: mine[0]["id"] not in [one["id"] for one in server.client.get("/api/datasets").json()["items"]])
    expect(select).to_have_value("")


@pytest.mark.parametrize(
    ("lang", "label", "said"),
    [("en", "Upload a CSV or Parquet file", "line 3 has 2 values"), ("ko", "CSV 또는 Parquet 파일 올리기", "3번째 줄의 값은 2개인데")],
)
def test_what_is_wrong_in_a_file_is_said_beside_it(open_page: OpenPage, server: Server, lang: str, label: str, said: str) -> None:
    page = open_page(lang=lang)
    choose(page, "table")
    attach(page, label, "a.csv", "a,b,y\n1,2,3\n1,2\n")
    expect(page.locator("[data-uploads=table] [data-said]")).to_contain_text(said)
    expect(page.locator("[data-uploads=table] [data-found]")).to_be_hidden()


@pytest.mark.parametrize(("lang", "width"), [("en", 1440), ("ko", 390)])
def test_axe_finds_nothing_and_nothing_is_cut_where_a_file_is_chosen(open_page: OpenPage, server: Server, lang: str, width: int) -> None:
    page = open_page(lang=lang, width=width, bypass_csp=True)
    if width < 800:
        page.locator("#sheet-toggle").click()
    choose(page, "table")
    page.locator("[data-uploads=table] [data-file]").set_input_files({"name": "a.csv", "mimeType": "text/csv", "buffer": CSV.encode()})
    expect(page.locator("[data-uploads=table] [data-found]")).to_be_visible()
    page.add_script_tag(path=AXE)
    axe = "async () => (await axe.run('[data-uploads=table]')).violations.map((v) => [v.id, v.nodes.map((n) => n.html.slice(0, 120))])"
    found = page.evaluate(axe)
    assert found == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("() => { const c = document.getElementById('controls'); return c.scrollWidth <= c.clientWidth; }")
    page.locator("[data-uploads=table] [data-drop]").click()
    until(page, lambda: "a.csv" not in [one["name"] for one in server.client.get("/api/datasets").json()["items"]])
