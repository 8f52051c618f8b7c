"""Runs chosen by the page or by what they are like, stopped and deleted together, in a real Chromium."""

import contextlib
import os
import signal
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.studying import SMALL, SMALL_TARGETS, OpenPage, axe, look
from tests.browser.test_lab import until
from tests.browser.test_runs_page import listed
from tests.server import Server

pytestmark = pytest.mark.browser

WORDS = {
    "en": {
        "page": "Choose all on this page",
        "chosen": "{} chosen.",
        "like": "Choose all 27 that are like this",
        "stop": "Stop 27 runs?",
        "delete": "Delete 27 runs?",
        "stopped": "stopped",
    },
    "ko": {
        "page": "이 쪽의 실행 모두 선택",
        "chosen": "{}개 선택함.",
        "like": "조건에 맞는 27개 모두 선택",
        "stop": "실행 27개를 중지할까요?",
        "delete": "실행 27개를 지울까요?",
        "stopped": "중지됨",
    },
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Its one slot is held by a run whose process sleeps: whatever else is asked for waits."""
    server = Server(tmp_path_factory.mktemp("waiting") / "data", DYNASCOPE_SLOTS="1").start()
    holder = server.post(SMALL | {"stop": {"max_epochs": 1_000_000, "early": None}})["id"]
    pid = server.until_step(holder, 1)["pid"]
    os.kill(pid, signal.SIGSTOP)
    yield server
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)
    server.stop()


def waiting(server: Server, count: int, tag: str) -> list[str]:
    return [server.post(SMALL | {"name": f"{tag} {i}", "tags": [tag]})["id"] for i in range(count)]


def ticked(page: Page) -> int:
    return int(page.evaluate("document.querySelectorAll('#listed tbody input:checked').length"))


@pytest.mark.parametrize(("lang", "width", "height"), [("en", 1440, 900), ("ko", 390, 844)])
def test_all_that_are_alike_are_chosen_stopped_and_deleted_with_a_question_that_names_their_number(
    open_page: OpenPage, server: Server, lang: str, width: int, height: int
) -> None:
    words = WORDS[lang]
    ids = waiting(server, 27, f"bulk{lang}")
    other = waiting(server, 1, "other")[0]
    page = look(open_page, server, f"/runs#tag=bulk{lang}", lang, width=width, height=height, bypass_csp=True)
    until(page, lambda: listed(page) == ids[:1:-1])
    box = page.get_by_role("checkbox", name=words["page"])
    box.check()
    assert ticked(page) == 25
    expect(page.get_by_role("status").filter(has_text=words["chosen"].format(25))).to_be_visible()
    page.get_by_role("button", name=words["like"]).click()
    expect(page.locator("#chosen-word")).to_have_text(words["chosen"].format(27))
    expect(box).to_be_focused()
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if width == 390:
        assert page.evaluate(SMALL_TARGETS) == []

    page.locator("#stop-chosen").click()
    expect(page.locator("#ask-title")).to_have_text(words["stop"])
    page.locator("#ask-no").click()
    assert server.get(ids[0])["status"] == "queued"
    page.locator("#stop-chosen").click()
    page.locator("#ask-yes").click()
    until(
        page,
        lambda: (
            page.locator("#listed .status").all_inner_texts()
            and all(words["stopped"] in t for t in page.locator("#listed .status").all_inner_texts())
        ),
    )
    assert {server.get(id)["status"] for id in ids} == {"stopped"}
    expect(box).to_be_focused()  # the buttons have gone

    box.check()
    page.get_by_role("button", name=words["like"]).click()
    page.locator("#delete-chosen").click()
    expect(page.locator("#ask-title")).to_have_text(words["delete"])
    page.locator("#ask-yes").click()
    until(page, lambda: listed(page) == [])
    expect(page.locator("#no-runs")).to_be_visible()
    expect(page.locator("#filter-status")).to_be_focused()
    assert server.client.get("/api/runs/ids", params={"tag": f"bulk{lang}"}).json()["ids"] == []
    assert server.get(other)["status"] == "queued"
    server.client.delete(f"/api/runs/{other}")


def test_the_reasons_why_some_could_not_be_stopped_are_told_and_those_stay_chosen(open_page: OpenPage, server: Server) -> None:
    ids = waiting(server, 3, "reasons")
    server.control(ids[0], "stop")
    page = look(open_page, server, "/runs#tag=reasons")
    until(page, lambda: len(listed(page)) == 3)
    page.locator("#choose-page").check()
    page.locator("#stop-chosen").click()
    page.locator("#ask-yes").click()
    expect(page.locator("#refusals li")).to_have_count(1)
    expect(page.locator("#refusals")).to_contain_text(f"{ids[0][:8]}: the run has ended (stopped: stopped before it started)")
    expect(page.locator("#chosen-word")).to_have_text("1 chosen.")
    assert ticked(page) == 1


def test_after_a_run_is_deleted_the_focus_is_on_the_one_in_its_place(open_page: OpenPage, server: Server) -> None:
    ids = waiting(server, 3, "focus")
    page = look(open_page, server, "/runs#tag=focus")
    until(page, lambda: listed(page) == ids[::-1])
    for gone, next_one in ((ids[1], ids[0]), (ids[0], ids[2])):
        page.locator(f"[data-run='{gone}']").get_by_role("button", name="Delete").click()
        page.locator("#ask-yes").click()
        expect(page.locator(f"[data-run='{next_one}']").get_by_role("button", name="Delete")).to_be_focused()


def test_a_page_holds_as_many_runs_as_was_chosen_and_a_reload_keeps_it(open_page: OpenPage, server: Server) -> None:
    ids = waiting(server, 27, "size")
    page = look(open_page, server, "/runs#tag=size")
    until(page, lambda: len(listed(page)) == 25)
    page.get_by_label("Runs a page").select_option("50")
    until(page, lambda: listed(page) == ids[::-1])
    page.reload()
    until(page, lambda: listed(page) == ids[::-1])
    expect(page.get_by_label("Runs a page")).to_have_value("50")
