"""The public address: taken apart rightly, or refused in a sentence that says what to give instead."""

import subprocess
import sys
from pathlib import Path

import pytest

from app.address import Address, WrongAddress
from app.settings import Settings
from tests.server import ROOT


@pytest.mark.parametrize(
    ("given", "address", "path"),
    [
        ("http://lab.example.org", "http://lab.example.org", ""),
        ("http://lab.example.org/", "http://lab.example.org", ""),
        (" https://Lab.Example.ORG:443/Dyna/// ", "https://lab.example.org/Dyna", "/Dyna"),
        ("http://lab.example.org:80/dyna", "http://lab.example.org/dyna", "/dyna"),
        ("http://lab.example.org:443/dyna", "http://lab.example.org:443/dyna", "/dyna"),
        ("HTTPS://lab.example.org:8443/a/b/", "https://lab.example.org:8443/a/b", "/a/b"),
        ("http://[::1]:8000/a", "http://[::1]:8000/a", "/a"),
        ("http://[2001:DB8:0:0:0:0:0:1]/a", "http://[2001:db8::1]/a", "/a"),
        ("http://x/연구실/a b", "http://x/%EC%97%B0%EA%B5%AC%EC%8B%A4/a%20b", "/연구실/a b"),
        ("http://x/%ec%97%b0%ea%b5%ac%ec%8b%a4", "http://x/%EC%97%B0%EA%B5%AC%EC%8B%A4", "/연구실"),
        ("http://연구실.example:9000", "http://xn--2e0b402b2gc.example:9000", ""),
        ("http://x/user/jo@lab.org/proxy/8000", "http://x/user/jo@lab.org/proxy/8000", "/user/jo@lab.org/proxy/8000"),
        ("http://x/a;b", "http://x/a%3Bb", "/a;b"),
        ("http://x/100%25", "http://x/100%25", "/100%"),
    ],
)
def test_an_address_is_taken_apart_as_a_browser_takes_it(given: str, address: str, path: str) -> None:
    assert (str(Address.of(given)), Address.of(given).path) == (address, path)
    assert Address.of(address) == Address.of(given)
    settings = Settings(public_url=given)
    assert (settings.base_url(), settings.prefix) == (address, Address.of(given).prefix)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("lab.example.org/dyna", "lab.example.org/dyna has no scheme; give http://lab.example.org/dyna or https://lab.example.org/dyna"),
        ("localhost:9000", "give http://localhost:9000 or"),
        ("//lab.example.org", "give http://lab.example.org or"),
        ("http:/lab.example.org", "give http://lab.example.org or"),
        ("ftp://lab.example.org", "has the scheme ftp; browsers reach this server by http:// or https://"),
        ("http://lab.example.org/dyna?a=b", "has a query behind it, and a server's address has none; give http://lab.example.org/dyna"),
        ("http://lab.example.org/dyna?", "has a query behind it"),
        (
            "http://lab.example.org/dyna#run=1",
            "has a fragment behind it, and a server's address has none; give http://lab.example.org/dyna",
        ),
        ("http://ann:secret@lab.example.org/", "names a user before its host"),
        ("http://", "has no host that a browser could ask for"),
        ("http:///dyna", "has no host"),
        ("http://lab example.org", "has no host"),
        ("http://-lab.example.org", "has no host"),
        ("http://[::1%25eth0]/", "has no host"),
        ("http://::1/dyna", "can't be taken apart"),
        ("http://lab.example.org:99999", "can't be taken apart"),
        ("http://lab.example.org:http", "can't be taken apart"),
        ("http://lab.example.org:0", "has the port 0"),
        ("http://lab.example.org/a//b", "two slashes in a row"),
        ("http://lab.example.org//a", "two slashes in a row"),
        ("http://lab.example.org/a/../b", "a segment . or .."),
        ("http://lab.example.org/a/%2e%2E", "a segment . or .."),
        ("http://lab.example.org/a%2Fb", "an encoded slash or a backslash"),
        ("http://lab.example.org/a%5cb", "an encoded slash or a backslash"),
        ("http://lab.example.org/a\\b", "an encoded slash or a backslash"),
        ("http://lab.example.org/a%zz", "write a % itself as %25"),
        ("http://lab.example.org/%ff", "is no UTF-8"),
        ("http://lab.example.org/a%0Ab", "control character"),
        ("http://lab.example.org/a\nSet-Cookie: b", "control character"),
    ],
)
def test_an_address_that_cant_be_used_is_refused_in_one_sentence(given: str, said: str) -> None:
    with pytest.raises(WrongAddress) as refused:
        Address.of(given)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
    assert "; " in str(refused.value), "what to do stands behind what is wrong"


@pytest.mark.parametrize(
    "given", ["http://ann:secret@x/", "ann:secret@x", "http://x/?token=secret", "x/?token=secret#secret", "ftp://x#secret"]
)
def test_no_secret_in_an_address_is_repeated(given: str) -> None:
    with pytest.raises(WrongAddress) as refused:
        Address.of(given)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("given", [None, "", " "])
def test_without_a_public_address_there_is_no_prefix(given: str | None) -> None:
    settings = Settings(port=8123, public_url=given)
    assert (settings.public_url, settings.base_url(), settings.prefix) == (None, "http://127.0.0.1:8123", "")


def test_hosts_and_origins_have_no_path() -> None:
    settings = Settings(port=8123, public_url="https://Lab.example.org/user/a/")
    assert settings.hosts() == {"127.0.0.1:8123", "localhost:8123", "[::1]:8123", "lab.example.org", "lab.example.org:443"}
    assert "https://lab.example.org" in settings.origins()
    assert not [one for one in settings.hosts() | settings.origins() if "user" in one or one.endswith("/")]


@pytest.mark.parametrize(("host", "local"), [("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("::1", "[::1]"), ("192.0.2.7", "192.0.2.7")])
def test_processes_of_this_machine_reach_the_server_without_the_prefix(host: str, local: str) -> None:
    assert Settings(port=8123, host=host, public_url="https://lab.example.org/dyna").local_url() == f"http://{local}:8123"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("lab.example.org/dyna", "DYNASCOPE_PUBLIC_URL: lab.example.org/dyna has no scheme; give http://lab.example.org/dyna or"),
        ("http://x/?token=hidden", "DYNASCOPE_PUBLIC_URL: http://x/ has a query behind it"),
        (
            "http://x/api",
            "DYNASCOPE_PUBLIC_URL: http://x/api has a path that begins with /api, as paths of the server's own do; give another",
        ),
    ],
)
def test_the_server_says_so_and_does_not_start(tmp_path: Path, given: str, said: str) -> None:
    command = [sys.executable, "-m", "dynascope", "serve", "--port", "0", "--data", str(tmp_path / "data")]
    environment = {"DYNASCOPE_PUBLIC_URL": given, "PYTHONPATH": str(ROOT), "PATH": ""}
    ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert ended.returncode == 1
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "hidden" not in ended.stderr
