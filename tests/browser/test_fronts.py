"""The whole product below a path: behind nginx that takes the path off, behind one that doesn't, and in a Jupyter server."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, unquote

import pytest
from playwright.sync_api import Browser, Page, expect

import dynascope
from tests.browser.conftest import current, troubles_of
from tests.browser.test_lab import start, stop, until
from tests.fronts import jupyter, nginx_before
from tests.server import TOKEN, Server, free_port

pytestmark = pytest.mark.browser

SHORT = {"data": {"name": "moons"}, "stop": {"max_epochs": None, "max_steps": 30, "early": None}}


class Front(NamedTuple):
    server: Server
    base: str
    prefix: str
    port: int


@pytest.fixture(scope="module")
def below(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """One server for all that stand before it in turn, each at the same address: it takes seconds to be ready."""
    own, port = free_port(), free_port()
    path = f"/user/김/proxy/{own}"
    server = Server(tmp_path_factory.mktemp("below") / "data", own, DYNASCOPE_PUBLIC_URL=f"http://127.0.0.1:{port}{path}/")
    try:
        yield Front(server.start(), f"http://127.0.0.1:{port}{quote(path)}", quote(path), port)
    finally:
        server.stop()


@pytest.fixture(scope="module", params=["nginx takes the path off", "nginx passes it on", "Jupyter takes it off"])
def front(request: pytest.FixtureRequest, below: Front, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    folder = tmp_path_factory.mktemp("front") / "end"
    if request.param.startswith("nginx"):
        before = nginx_before(below.server.port, below.port, unquote(below.prefix), "off" in request.param, folder)
    else:
        before = jupyter(below.port, below.prefix.partition("proxy/")[0], folder)
    with before:
        yield below


@pytest.fixture
def visit(browser: Browser, front: Front) -> Iterator[Callable[[], Page]]:
    """A page of a browser that was never here; it fails the test on any error, and on any request outside the path."""
    opened: list[tuple[Page, list[str]]] = []

    def make() -> Page:
        page = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-US").new_page()
        opened.append((page, troubles_of(page, front.base)))
        return page

    yield make
    for page, troubles in opened:
        page.context.close()
        assert troubles == []


def printed_link(server: Server) -> str:
    found = re.search(r"Dynascope  (\S+)", server.log.read_text())
    assert found, server.log.read_text()
    return found[1]


def test_the_printed_link_opens_a_lab_that_starts_reloads_shares_and_exports(
    front: Front, visit: Callable[[], Page], tmp_path: Path
) -> None:
    page = visit()
    link = printed_link(front.server)
    assert link == f"{front.base}/?token={TOKEN}"
    page.route("**/series*", lambda route: route.abort())  # what is drawn comes over the socket
    page.goto(f"{link}#spec=e30")
    assert page.evaluate("location.href") == f"{front.base}/#spec=e30"
    page.wait_for_selector("#figure-loss.js-plotly-plot")
    run = start(page)
    until(page, lambda: len(current(page, "figure-loss", "train/loss")["x"]) > 120)
    drawn = current(page, "figure-loss", "train/loss")
    assert sum(drawn["y"][-20:]) < 0.5 * sum(drawn["y"][:20])
    until(page, lambda: len(current(page, "figure-loss", "train/loss")["x"]) > len(drawn["x"]))
    page.unroute("**/series*")

    page.reload()
    page.wait_for_selector("#figure-loss.js-plotly-plot")
    until(page, lambda: current(page, "figure-loss", "train/loss")["meta"]["run"] == run)

    page.locator("#share").click()
    shared = page.input_value("#paper-text")
    assert shared.startswith(f"{front.base}/#")
    page.locator("#paper-close").click()

    page.locator("#export summary").click()
    for format, holds in (("csv", b"series,step,value\r\n"), ("html", b'id="replay"')):
        if not page.locator(f'#export [data-format="{format}"]').is_visible():
            page.locator("#export summary").click()
        with page.expect_download() as caught:
            page.locator(f'#export [data-format="{format}"]').click()
        data = Path(caught.value.path()).read_bytes()
        assert caught.value.suggested_filename.startswith(f"dynascope-{run}")
        assert holds in data
        assert front.prefix.encode() not in data

    again = page.context.new_page()
    troubles = troubles_of(again, front.base)
    again.goto(shared)
    again.wait_for_selector("#figure-loss.js-plotly-plot")
    again.locator("#share").click()
    assert again.input_value("#paper-text").partition("&")[0] == shared.partition("&")[0]
    assert troubles == []
    stop(front.server, run)


def test_every_page_is_reached_by_links_in_either_language(front: Front, visit: Callable[[], Page]) -> None:
    run = front.server.post(SHORT)
    assert run["url"] == f"{front.prefix}/#run={run['id']}"
    front.server.wait(run["id"])
    page = visit()
    page.goto(f"{front.base}/runs?token={TOKEN}")
    assert page.url == f"{front.base}/runs"
    page.locator(f'a.run-link[href$="{run["id"]}"]').click()
    expect(page).to_have_url(f"{front.base}/#run={run['id']}")
    page.wait_for_selector("#figure-loss.js-plotly-plot")
    page.locator("#study").click()
    expect(page).to_have_url(re.compile(re.escape(f"{front.base}/studies/new#spec=")))
    page.get_by_role("link", name="Notes").click()
    expect(page).to_have_url(f"{front.base}/notes")
    with page.expect_download() as caught:
        page.locator("#report").click()
    assert caught.value.suggested_filename.endswith(".html")
    page.get_by_role("link", name="한국어").click()
    expect(page).to_have_url(f"{front.base}/notes?lang=ko")
    expect(page.locator("#theme-word")).not_to_be_empty()  # its script is there
    page.locator("#theme").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    page.get_by_role("link", name="Dynascope").click()
    expect(page).to_have_url(re.compile(re.escape(f"{front.base}/") + "(#.*)?$"))  # a newcomer's Lab begins a run by itself
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    cookies = {cookie["name"]: cookie["path"] for cookie in page.context.cookies() if not cookie["name"].startswith(("_xsrf", "username"))}
    assert set(cookies.values()) == {front.prefix}
    assert {"lang", "theme"} < cookies.keys()
    assert len(cookies) == 3


def test_a_study_is_started_looked_at_and_exported_below_the_path(front: Front, visit: Callable[[], Page]) -> None:
    page = visit()
    page.goto(f"{front.base}/studies/new?token={TOKEN}")
    with dynascope.Client(front.base, TOKEN) as client:
        study = client.study(SHORT, {"norm.name": ["none", "batch"]}, seeds=1).wait(60)
        assert study.record["url"] == f"{front.prefix}/studies/{study.id}"
        page.goto(study.url)
        expect(page.locator("#status")).to_contain_text("done")
        with page.expect_download() as caught:
            page.locator("#csv").click()
        assert b"norm.name" in Path(caught.value.path()).read_bytes()
        page.get_by_role("button", name="Delete").click()
        page.locator("#ask-yes").click()
        expect(page).to_have_url(f"{front.base}/runs")


def test_the_api_page_lists_what_there_is_and_tries_it_out(front: Front, visit: Callable[[], Page]) -> None:
    page = visit()
    page.goto(f"{front.base}/?token={TOKEN}")
    page.get_by_role("link", name="API").click()
    expect(page).to_have_url(f"{front.base}/api/docs")
    page.wait_for_selector(".opblock")
    assert page.locator(".opblock").count() > 30
    assert front.server.client.get("/api/openapi.json").json()["servers"] == [{"url": front.prefix}]
    slots = page.locator(".opblock", has=page.locator('[data-path="/api/slots"]'))
    slots.locator(".opblock-summary-control").first.click()
    slots.get_by_role("button", name="Try it out").click()
    slots.get_by_role("button", name="Execute").click()
    expect(slots.locator(".request-url")).to_contain_text(f"{front.base}/api/slots")
    expect(slots.locator(".live-responses-table .response-col_status").last).to_contain_text("200")
    expect(slots.locator(".live-responses-table")).to_contain_text('"slots"')


def test_a_script_uses_the_same_address(front: Front, tmp_path: Path) -> None:
    with dynascope.Client(f"{front.base}/", TOKEN) as client:
        table = tmp_path / "table.csv"
        table.write_text("x,y\n" + "".join(f"{i},{i % 2}\n" for i in range(200_000)))
        assert table.stat().st_size > 1 << 20
        kept = client.upload(table, target="y")
        assert kept["id"] in [one["id"] for one in client.datasets()]
        client.delete_dataset(kept["id"])
        run = client.start(SHORT)
        assert run.url == f"{front.base}/#run={run.id}"
        seen = list(client.stream(run.id))
        assert {m["type"] for m in seen} >= {"hello", "snapshot", "scalars", "caught_up"}
        assert client.run(run.id).wait(60).status == "finished"
        assert b"train/loss" in b"".join(client.run(run.id).export())
    note = (front.server.data / "server.json").read_text()
    assert f'"http://127.0.0.1:{front.server.port}"' in note  # trainers on this machine need no proxy
