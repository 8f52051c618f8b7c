"""Static files and pieces: addresses by content, compressed forms made once, and what an old address is told."""

import gzip
import re
import shutil
from pathlib import Path

import brotli
import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from app.pages.addresses import FOLDERS, Static
from app.settings import ROOT
from tests.server import Server

LAB = "js/lab/lab.js"
PAGES = ("/", "/notes", "/runs", "/studies/new", "/studies/0123456789abcdef", "/api/docs")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A small `static/` of our own."""
    for path, text in {
        "js/lab/lab.js": "import { b } from '../page/b.js';\nimport {\n  c,\n} from './c.js';\n",
        "js/lab/c.js": "import { b } from '../page/b.js';\nexport const c = b;\n" + "// filled\n" * 99,
        "js/page/b.js": "/** @type {import('./types.js').T} */\nexport const b = 1;\n",
        "css/page/a.css": "a { color: red }\n" * 50,
        "img/icon.svg": "<svg/>",
        "vendor/x.js": "x\n" * 500,
    }.items():
        file = tmp_path / "static" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path / "static"


def client(static: Static) -> httpx.AsyncClient:
    app = Starlette(routes=[Mount("/static", app=static)])
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


async def compressed(static: Static) -> None:
    static.compress_later()
    assert static._compressing is not None
    await static._compressing


def run(work) -> None:  # type: ignore[no-untyped-def]
    import anyio

    anyio.run(work)


def test_a_change_renews_the_addresses_of_its_folder_alone(source: Path, tmp_path: Path) -> None:
    before = Static(source, tmp_path / "cache", "/")
    (source / "js/page/b.js").write_text("export const b = 2;\n")
    after = Static(source, tmp_path / "cache", "/")
    assert before.address(LAB) != after.address(LAB)
    assert before.address("vendor/x.js") == after.address("vendor/x.js")
    assert before.version != after.version


def test_all_modules_that_an_entry_needs_are_named_once_each(source: Path, tmp_path: Path) -> None:
    static = Static(source, tmp_path / "cache", "/a/")
    names = [address.split("/js/")[1] for address in static.modules(LAB)]
    assert names == ["lab/lab.js", "page/b.js", "lab/c.js"]
    assert static.modules(LAB)[0] == static.address(LAB)
    assert re.fullmatch(r"/a/static/[0-9a-f]{12}/js/lab/lab\.js", static.address(LAB))


def test_what_is_named_by_the_real_pages_is_there() -> None:
    static = Static(ROOT / "static", ROOT / ".cache", "/")
    entries = re.findall(r'entry\("([^"]+)"\)', "".join(path.read_text() for path in (ROOT / "templates").glob("*.html")))
    assert len(entries) >= 7
    for entry in entries:
        for address in static.modules(entry):
            assert (ROOT / "static" / address.split("/", 3)[3]).exists(), address


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("br;q=0", None),
        ("identity", None),
        ("", None),
        ("*", None),
        ("brr, gzi", None),
        ("br;q=nan", None),
        ("br;q=1e999, ;;;,,=,\x7f", None),
        ("노래", None),
        ("gzip" * 2000, None),
    ],
)
def test_a_browser_gets_an_encoding_that_it_takes(source: Path, tmp_path: Path, accepted: str, encoding: str | None) -> None:
    async def work() -> None:
        static = Static(source, tmp_path / "cache", "/")
        await compressed(static)
        async with client(static) as asked:
            headers = {"Accept-Encoding": accepted.encode("utf-8")}
            async with asked.stream("GET", static.address("js/lab/c.js"), headers=headers) as answer:  # type: ignore[arg-type]
                raw = b"".join([piece async for piece in answer.aiter_raw()])
        assert answer.status_code == 200
        assert answer.headers.get("content-encoding") == encoding
        unpack = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}[encoding]
        assert unpack(raw) == (source / "js/lab/c.js").read_bytes()
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["content-type"].startswith("text/javascript")

    run(work)


def test_files_are_served_before_they_are_compressed_and_compressed_once(source: Path, tmp_path: Path) -> None:
    async def work() -> None:
        static = Static(source, tmp_path / "cache", "/")
        async with client(static) as asked:
            address = static.address("vendor/x.js")
            assert "content-encoding" not in (await asked.get(address)).headers
            await compressed(static)
            assert static.address("vendor/x.js") == address
            assert (await asked.get(address)).headers["content-encoding"] == "br"
        again = Static(source, tmp_path / "cache", "/")
        again.compress_later()
        assert again._compressing is None

    run(work)


def test_a_wheel_serves_what_its_build_compressed_and_writes_nothing(source: Path, tmp_path: Path) -> None:
    from app.pages.compressing import BEST, copy

    for folder in FOLDERS:
        copy(source / folder, tmp_path / "wheel" / folder, BEST)
    checkout = Static(source, tmp_path / "cache", "/")
    static = Static(tmp_path / "wheel", tmp_path / "none", "/")
    static.compress_later()
    assert static._compressing is None
    assert static.address(LAB) == checkout.address(LAB)

    async def work() -> None:
        async with client(static) as asked:
            assert (await asked.get(static.address("vendor/x.js"))).headers["content-encoding"] == "br"

    run(work)
    assert not (tmp_path / "none").exists()


def test_an_address_of_an_earlier_version_is_told_to_reload(source: Path, tmp_path: Path) -> None:
    async def work() -> None:
        static = Static(source, tmp_path / "cache", "/")
        async with client(static) as asked:
            gone = await asked.get("/static/0123456789ab/js/lab/lab.js", headers={"Accept-Language": "ko"})
            assert gone.status_code == 410
            assert "새로 고치세요" in gone.json()["detail"]
            for odd in ("/static/js/lab/lab.js", "/static/", "/static/%2e%2e/x", "/static/0123456789ab"):
                assert (await asked.get(odd)).status_code in (404, 410)

    run(work)


def test_a_changed_file_of_a_checkout_has_a_new_address_at_once(source: Path, tmp_path: Path) -> None:
    async def work() -> None:
        static = Static(source, tmp_path / "cache", "/")
        await compressed(static)
        before = static.address("css/page/a.css")
        (source / "css/page/a.css").write_text("a { color: blue }\n")
        static.refresh()
        after = static.address("css/page/a.css")
        assert before != after
        async with client(static) as asked:
            assert (await asked.get(after)).text == "a { color: blue }\n"
            assert (await asked.get(before)).status_code == 410
        await static.close()

    run(work)


def test_a_piece_is_rendered_once_and_renewed_with_its_key(source: Path, tmp_path: Path) -> None:
    made = []

    def make() -> str:
        made.append(1)
        return f'{{"n": {len(made)}}}' + " " * 200

    async def work() -> None:
        static = Static(source, tmp_path / "cache", "/")
        first = static.piece("texts.ko.json", "1", make)
        assert static.piece("texts.ko.json", "1", make) == first
        second = static.piece("texts.ko.json", "2", make)
        assert second != first
        assert len(made) == 2
        async with client(static) as asked:
            answer = await asked.get(second)
            assert answer.json() == {"n": 2}
            assert answer.headers["content-encoding"] == "br"
            assert "immutable" in answer.headers["cache-control"]
            await compressed(static)
            assert (await asked.get(second)).status_code == 200, "a page that was just opened has this address"

    run(work)


def test_two_pieces_of_the_same_text_do_not_replace_each_other(source: Path, tmp_path: Path) -> None:
    """The catalogue is the same in both languages: who has the page in one keeps it when another opens it in the other."""

    async def work() -> None:
        static = Static(source, tmp_path / "cache", "/")
        addresses = [static.piece(f"catalogue.{language}.json", "1", lambda: "{}") for language in ("en", "ko")]
        async with client(static) as asked:
            assert [(await asked.get(address)).text for address in addresses] == ["{}", "{}"]

    run(work)


def test_a_cache_that_can_not_be_written_leaves_files_uncompressed(source: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "cache").write_text("a file where a folder should be")

    async def work() -> None:
        static = Static(source, tmp_path / "cache", "/")
        await compressed(static)
        async with client(static) as asked:
            assert (await asked.get(static.address("vendor/x.js"))).status_code == 200

    run(work)
    assert "served uncompressed" in caplog.text


def test_the_html_of_every_page_is_small_and_has_a_validator(server: Server) -> None:
    for path in PAGES:
        answer = server.client.get(path, headers={"Accept-Encoding": "identity"})
        assert answer.status_code == 200
        assert len(answer.content) < 60_000, path
        assert "no-store" not in answer.headers["cache-control"]
        again = server.client.get(path, headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        other = server.client.get(path, headers={"If-None-Match": answer.headers["etag"], "Accept-Language": "ko"})
        assert other.status_code == 200, "another language is another page"


def test_what_a_page_names_is_served_and_guarded(server: Server) -> None:
    for path in PAGES:
        named = re.findall(r'(?:href|src)="([^"]*static/[^"]+)"', server.client.get(path).text)
        assert len(named) > 10
        for address in named:
            assert server.client.get(address).status_code == 200, address
            assert "immutable" in server.client.head(address).headers["cache-control"]
        assert httpx.get(server.url + named[0]).status_code == 401


def test_an_old_copy_in_the_cache_does_not_hide_a_broken_one(source: Path, tmp_path: Path) -> None:
    """A copy is there as a whole or not at all: what a killed server left half done is made anew."""

    async def work() -> None:
        static = Static(source, tmp_path / "cache", "/")
        partial = tmp_path / "cache" / "static" / (static.address("vendor/x.js").split("/")[2] + ".part")
        partial.mkdir(parents=True)
        (partial / "half").write_text("half")
        await compressed(static)
        assert not partial.exists()
        async with client(static) as asked:
            assert (await asked.get(static.address("vendor/x.js"))).headers["content-encoding"] == "br"

    run(work)
    shutil.rmtree(tmp_path / "cache")
