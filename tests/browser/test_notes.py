"""The notes in a real Chromium: read, predicted, run and drawn."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.app.notes.test_claims import begin
from tests.app.notes.test_claims import until as until_judged
from tests.browser.test_care import AXE
from tests.browser.test_lab import until
from tests.server import Server

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]


def notes(open_page: OpenPage, server: Server, lang: str = "en", **options: Any) -> Page:
    page = open_page(lang=lang, path="/notes", **options)
    page.locator("#whole").wait_for(state="attached")
    return page


def drawn(page: Page, id: str) -> list[dict[str, Any]]:
    read = "id => (document.getElementById(id).data ?? []).map((t) => ({...t.meta, x: [...t.x], y: [...t.y]}))"
    return list(page.evaluate(read, f"figure-{id}"))


def judged(server: Server, id: str) -> dict[str, Any]:
    """The judgement that stands; the experiment is run first where there is none."""
    standing: dict[str, Any] | None = server.client.get(f"/api/claims/{id}").json()["standing"]
    return standing or until_judged(server, begin(server, id)["claim"], "done")


def test_every_statement_is_there_as_it_was_noted_and_its_status_is_a_word(open_page: OpenPage, server: Server) -> None:
    page = notes(open_page, server, "ko")
    told = server.client.get("/api/claims", params={"curves": False}).json()
    noted = page.evaluate("() => [...document.querySelectorAll('.statement .noted')].map((s) => s.innerText)")
    statuses = page.evaluate("() => [...document.querySelectorAll('.statement .status b')].map((s) => s.innerText)")
    words = {"true": "맞음", "false": "틀림", "contested": "논쟁 중", "imprecise": "부정확"}
    assert [card for card in page.locator(".statement .status").all() if card.is_visible()] == []
    assert noted == [" ".join(s["noted"]["ko"].split()) for s in told["statements"]]
    assert statuses == [words[s["status"]] for s in told["statements"]]
    assert page.locator(".experiment").count() == len(told["items"])
    assert page.locator(".formula math").count() == sum(bool(s["formula"]) for s in told["statements"])
    assert page.get_by_role("link", name="노트").get_attribute("aria-current") == "page"


@pytest.mark.timeout(240)
def test_an_experiment_is_run_from_the_page_and_its_runs_open_in_the_lab(open_page: OpenPage, server: Server) -> None:
    page = notes(open_page, server)
    card = page.locator("#E8")
    card.get_by_role("button", name="Run 2 seeds").click()
    expect(card.locator(".progress")).to_be_visible()
    expect(card.get_by_role("button", name="Cancel")).to_be_visible()
    expect(card.locator(".outcome b")).to_have_text("shown", timeout=150_000)
    expect(card.locator(".progress")).to_be_hidden(timeout=60_000)
    expect(card.locator(".outcome")).to_contain_text("2 of 2 seeds pass")
    expect(page.locator("#said")).to_contain_text("E8: shown")
    founds = judged(server, "E8")["founds"]
    page.locator("#figure-E8").scroll_into_view_if_needed()
    until(page, lambda: sum(t["kind"] == "seed" for t in drawn(page, "E8")) == sum(len(found["curves"]) for found in founds))
    curve = founds[0]["curves"][0]
    line = next(t for t in drawn(page, "E8") if t["seed"] == founds[0]["seed"] and t["arm"] == curve["name"])
    assert (line["x"], line["y"]) == (curve["x"], curve["y"])
    assert {t["arm"] for t in drawn(page, "E8") if t["kind"] == "median"} == {c["name"] for c in founds[0]["curves"]}
    card.get_by_text("Each seed and its runs").click()
    card.get_by_role("link", name="He", exact=True).first.click()
    page.wait_for_selector("#figure-loss.js-plotly-plot")
    until(page, lambda: "E8, He" in page.inner_text("#run-name"))


@pytest.mark.timeout(240)
def test_what_happened_is_hidden_until_the_reader_has_predicted(open_page: OpenPage, server: Server) -> None:
    judged(server, "E8")
    page = notes(open_page, server)
    card = page.locator("#E8")
    expect(card.locator(".predict")).to_be_visible()
    expect(card.locator(".result")).to_be_hidden()
    assert drawn(page, "E8") == []
    page.locator("#s39 .guess button").first.click()
    beside = page.locator("#s39 .goes-to").first
    assert "shown" not in beside.inner_text()
    reveal = card.get_by_role("button", name="Show what happened")
    expect(reveal).to_be_enabled()
    reveal.focus()
    page.keyboard.press("Enter")
    expect(card.locator(".outcome b")).to_have_text("shown", timeout=150_000)
    assert card.get_by_role("button", name="Hide what happened").get_attribute("aria-expanded") == "true"
    page.locator("#figure-E8").scroll_into_view_if_needed()
    until(page, lambda: drawn(page, "E8") != [])
    until(page, lambda: "▲ shown (2 seeds)" in beside.inner_text())


@pytest.mark.parametrize(
    ("lang", "asked", "answer", "said", "back"),
    [
        ("en", "Before you look:", "Don’t know", "You said: Don’t know", "Take it back"),
        ("ko", "돌려 보기 전에:", "틀리다", "내 답: 틀리다", "답 거두기"),
    ],
)
def test_what_is_so_is_hidden_until_the_reader_has_said_whether_it_is_true(
    open_page: OpenPage, server: Server, lang: str, asked: str, answer: str, said: str, back: str
) -> None:
    page = notes(open_page, server, lang)
    card = page.locator("#s6")
    group = card.get_by_role("group", name=asked)
    expect(group.get_by_role("button")).to_have_count(3)
    for hidden in (".status", ".correct", ".formula", ".from"):
        expect(card.locator(hidden)).to_be_hidden()
    group.get_by_role("button", name=answer).focus()
    page.keyboard.press("Enter")
    expect(group).to_be_hidden()
    for shown in (".status", ".correct", ".formula", ".from"):
        expect(card.locator(shown)).to_be_visible()
    expect(card.locator(".status")).to_contain_text(said)
    expect(card.locator(".status")).to_be_focused()
    expect(page.locator("#s5 .status")).to_be_hidden()
    assert page.inner_text("#said") == ""  # the focus says it
    page.reload()
    expect(card.locator(".status")).to_contain_text(said)
    card.get_by_role("button", name=back).click()
    expect(card.locator(".correct")).to_be_hidden()
    expect(group.get_by_role("button").first).to_be_focused()
    page.reload()
    expect(group).to_be_visible()
    expect(card.locator(".correct")).to_be_hidden()


def test_a_question_has_one_button_that_shows_its_answer(open_page: OpenPage, server: Server) -> None:
    page = notes(open_page, server)
    for number in (8, 52):
        card = page.locator(f"#s{number}")
        expect(card.locator(".answer")).to_be_hidden()
        expect(card.locator(".guess button")).to_have_count(1)
        card.get_by_role("button", name="Show the answer").click()
        expect(card.locator(".answer")).to_be_visible()
        assert "You said" not in card.inner_text()
        card.get_by_role("button", name="Hide the answer").click()
        expect(card.locator(".answer")).to_be_hidden()


def test_every_answer_is_shown_at_once_and_on_paper(open_page: OpenPage, server: Server) -> None:
    page = notes(open_page, server)
    page.locator("#s2 .guess button").first.click()
    visible = "() => [...document.querySelectorAll('.statement .correct')].filter((p) => p.checkVisibility()).length"
    assert page.evaluate(visible) == 1
    button = page.get_by_role("button", name="Show every answer and outcome")
    button.click()
    assert page.evaluate(visible) == 77
    expect(page.locator("#s1 .guess")).to_be_hidden()
    expect(page.locator("#s1 .take-back")).to_be_hidden()
    button.click()
    assert page.evaluate(visible) == 1  # what was said is kept
    page.emulate_media(media="print")
    assert page.evaluate(visible) == 77
    expect(page.locator("#s1 .guess")).to_be_hidden()


def test_without_a_storage_an_answer_holds_as_long_as_the_page(open_page: OpenPage, server: Server) -> None:
    page = open_page()
    page.add_init_script("Object.defineProperty(window, 'localStorage', {get() { throw new Error('denied'); }})")
    page.goto(f"{server.url}/notes")
    page.locator("#s1 .guess button").first.click()
    expect(page.locator("#s1 .correct")).to_be_visible()


@pytest.mark.timeout(240)
def test_a_verdict_is_shown_whatever_was_broken_off_after_it(open_page: OpenPage, server: Server) -> None:
    standing = judged(server, "E8")
    begin(server, "E8", quick=False)
    assert server.client.post("/api/claims/E8/cancel").status_code == 200
    page = notes(open_page, server)
    expect(page.locator("#E8 .trouble")).to_contain_text("cancelled before all seeds")
    page.locator("#E8 .reveal").click()
    expect(page.locator("#E8 .outcome b")).to_have_text("shown")
    expect(page.locator("#E8 .outcome")).to_contain_text(f"Seeds {standing['seeds'][0]} to {standing['seeds'][-1]}")
    expect(page.locator("#E8 .outcome")).not_to_contain_text("So far only")
    expect(page.locator("#E8 .trouble")).to_be_visible()


@pytest.mark.timeout(240)
def test_a_quick_look_is_shown_while_it_is_new_and_hides_no_verdict_of_ten_seeds(open_page: OpenPage, server: Server) -> None:
    begin(server, "E16", quick=False)
    until_judged(server, "E16", "done")
    page = notes(open_page, server)
    card, beside = page.locator("#E16"), page.locator("#s76 .goes-to")
    page.locator("#s76 .guess button").first.click()
    card.get_by_role("button", name="Show what happened").click()
    expect(card.locator(".outcome")).to_contain_text("10 of 10 seeds pass")
    card.get_by_role("button", name="Run 2 seeds").click()
    expect(card.locator(".outcome")).to_contain_text("2 of 2 seeds pass", timeout=60_000)
    expect(card.locator(".outcome")).to_contain_text("A quick look")
    expect(beside).to_have_text("E16 Ridge ▲ shown")
    page.reload()
    card.get_by_role("button", name="Show what happened").click()
    expect(card.locator(".outcome")).to_contain_text("10 of 10 seeds pass")
    expect(card.locator(".outcome")).to_contain_text("A quick look after it: shown, 2 of 2 seeds pass.")


@pytest.mark.timeout(240)
def test_a_curve_of_other_units_is_drawn_on_the_right_axis(open_page: OpenPage, server: Server) -> None:
    founds = judged(server, "E16")["founds"]
    assert [curve["right"] for curve in founds[0]["curves"]] == [False, False, True]
    page = notes(open_page, server)
    page.locator("#E16 .reveal").click()
    page.locator("#figure-E16").scroll_into_view_if_needed()
    until(page, lambda: drawn(page, "E16") != [])
    axes = page.evaluate("() => document.getElementById('figure-E16').data.map((t) => [t.name, t.yaxis])")
    assert {tuple(one) for one in axes} == {("bias²", "y"), ("variance", "y"), ("‖w‖", "y2")}
    expect(page.locator("#figure-E16 .y2title")).to_have_text("‖w‖")
    expect(page.locator("#E16 .figure-key").last).to_have_text("‖w‖ (right)")


def test_curves_arms_and_numbers_are_called_in_the_readers_language(open_page: OpenPage, server: Server) -> None:
    judged(server, "E8")
    page = notes(open_page, server, "ko")
    card = page.locator("#E8")
    card.locator(".reveal").click()
    page.locator("#figure-E8").scroll_into_view_if_needed()
    until(page, lambda: drawn(page, "E8") != [])
    called = ["가중치 모두 0.1", "카이밍(허)", "0.1인 유닛 하나", "무작위 편향 값"]
    expect(card.locator(".figure-key")).to_have_text(called)
    assert set(page.evaluate("() => document.getElementById('figure-E8').data.map((t) => t.name)")) == set(called)
    card.locator(".others summary").click()
    expect(card.locator(".others tbody th").first).to_have_text("정확도, 가중치 모두 0.1")
    card.locator(".seeds summary").click()
    expect(card.locator(".seeds .runs a").first).to_have_text("가중치 모두 0.1")


def test_a_cancelled_experiment_says_so_in_words(open_page: OpenPage, server: Server) -> None:
    page = notes(open_page, server, "ko")
    card = page.locator("#E17")
    card.get_by_role("button", name="시드 10개로 실행").click()
    card.get_by_role("button", name="취소").click()
    expect(card.locator(".trouble")).to_contain_text("취소했습니다", timeout=30_000)
    expect(card.get_by_role("button", name="시드 2개로 실행")).to_be_enabled()


def test_all_are_run_and_all_are_cancelled(open_page: OpenPage, server: Server) -> None:
    def going() -> list[str]:
        items = server.client.get("/api/claims", params={"curves": False}).json()["items"]
        return [i["experiment"]["id"] for i in items if i["judgement"] and i["judgement"]["status"] in ("queued", "running")]

    page = notes(open_page, server)
    page.get_by_role("button", name="Run all, 2 seeds each").click()
    until(page, lambda: len(going()) > 10)
    expect(page.locator("#E20 .progress-word")).to_have_text("waits for its turn", timeout=20_000)
    expect(page.locator("#E20 .result")).to_be_hidden()  # it is still to be predicted
    expect(page.locator("#whole")).to_contain_text("Under way")
    page.get_by_role("button", name="Cancel all").click()
    until(page, lambda: going() == [], 60)
    expect(page.locator("#whole")).to_contain_text("were run on this server", timeout=10_000)


def test_a_server_that_can_not_be_reached_is_told(open_page: OpenPage, server: Server) -> None:
    page = notes(open_page, server)
    page.route("**/api/claims/**", lambda route: route.abort())
    page.locator("#E19 .run").first.click()
    expect(page.locator("#E19 .trouble")).to_contain_text("can’t be reached")


@pytest.mark.timeout(240)
@pytest.mark.parametrize(("lang", "scheme", "width"), [("en", "light", 1440), ("ko", "dark", 1440), ("ko", "light", 390)])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_page(
    open_page: OpenPage, server: Server, lang: str, scheme: str, width: int
) -> None:
    judged(server, "E8")
    page = notes(open_page, server, lang, color_scheme=scheme, bypass_csp=True, width=width, height=844)
    page.locator("#s1 .guess button").first.click()
    if scheme == "dark":
        page.locator("#reveal-all").click()
    else:
        page.locator("#E8 .reveal").click()
    page.locator("#figure-E8").scroll_into_view_if_needed()  # what nobody sees isn't drawn, and on a phone the words come first
    until(page, lambda: drawn(page, "E8") != [])
    for summary in page.locator("#E8 summary").all():
        summary.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.add_script_tag(path=AXE)
    found = page.evaluate(
        "async () => (await axe.run()).violations.map((v) => [v.id, v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160))])"
    )
    assert found == []
    levels = page.evaluate("() => [...document.querySelectorAll('h1, h2, h3, h4')].map((h) => Number(h.tagName[1]))")
    assert levels[0] == 1
    assert all(b <= a + 1 for a, b in pairwise(levels))
    assert page.get_by_role("link", name="실험실" if lang == "ko" else "Lab", exact=True).is_visible()
