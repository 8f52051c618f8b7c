"""A page and the server's files: an open page learns of an upgrade, and one whose scripts are missing says so."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.server import ROOT, TOKEN, Server

pytestmark = pytest.mark.browser


@pytest.mark.timeout(300)  # a copy of the code compiles its kernels anew
def test_an_open_page_offers_to_reload_after_an_upgrade(new_server: Callable[..., Server], browser: Browser, tmp_path: Path) -> None:
    house = tmp_path / "house"
    for folder in ("app", "trainer", "dynascope", "templates", "static", "locale"):
        shutil.copytree(ROOT / folder, house / folder, ignore=shutil.ignore_patterns("__pycache__"))
    server = new_server(root=house).start()
    page = browser.new_context(locale="ko-KR").new_page()
    page.goto(f"{server.url}/runs?token={TOKEN}")
    page.wait_for_selector("#connection[data-state=live]", timeout=60_000)
    old = page.locator("script[type=module]").get_attribute("src")
    assert page.locator("#unready").count() == 0
    assert page.locator("#outdated").is_hidden()
    server.kill()
    script = house / "static/js/records/records.js"
    script.write_text(script.read_text() + "\n// another version\n")
    server.start(ready=False)
    page.wait_for_selector("#outdated:not([hidden])", timeout=60_000)
    assert "업데이트되었습니다" in (page.locator("#outdated").text_content() or "")
    gone = server.client.get(str(old), headers={"Accept-Language": "ko"})
    assert gone.status_code == 410
    assert "새로 고치세요" in gone.json()["detail"]
    page.locator("#outdated button").click()
    page.wait_for_selector("#connection[data-state=live]", timeout=60_000)
    assert page.locator("script[type=module]").get_attribute("src") != old
    assert page.locator("#outdated").is_hidden()
    page.context.close()


def test_a_page_whose_scripts_do_not_come_says_so(server: Server, browser: Browser) -> None:
    page = browser.new_context(locale="en-US").new_page()
    page.route("**/js/page/texts.js", lambda route: route.abort())
    page.goto(f"{server.url}/runs?token={TOKEN}")
    assert page.locator("#unready").is_hidden(), "for some seconds it may be on its way"
    page.wait_for_selector("#unready", state="visible", timeout=30_000)
    assert "could not be loaded whole" in (page.locator("#unready").text_content() or "")
    page.context.close()
