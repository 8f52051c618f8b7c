"""Find what the browser tests need, or get it, or say the one command that helps: a Chromium, a Korean font, an nginx.

nginx is unpacked into `.cache/`, not installed: its package starts a web server on port 80, and unpacking needs no root.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

DEBIAN = ["chromium", "fonts-noto-cjk"]
UNPACKED = Path(__file__).resolve().parent.parent / ".cache" / "nginx"


def chromium() -> str | None:
    """The browser's path: DYNASCOPE_CHROMIUM, a system's Chromium, or Playwright's own."""
    named = [os.environ.get("DYNASCOPE_CHROMIUM"), *(shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))]
    for path in named:
        if path:
            return path
    from playwright.sync_api import sync_playwright

    with sync_playwright() as p:
        path = p.chromium.executable_path
    return path if os.path.exists(path) else None


def korean_font() -> bool:
    found = shutil.which("fc-list") and subprocess.run(["fc-list", ":lang=ko"], capture_output=True, text=True, check=False).stdout
    return bool(found)


def nginx() -> str | None:
    """The program's path: a system's, or the one that `make browser` unpacked."""
    unpacked = UNPACKED / "usr" / "sbin" / "nginx"
    return (
        shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin") or (str(unpacked) if unpacked.exists() else None)
    )


def unpack_nginx() -> None:
    UNPACKED.mkdir(parents=True, exist_ok=True)
    if not run("apt-get", "download", "-qq", "nginx", cwd=UNPACKED) and os.geteuid() == 0:
        run("apt-get", "update", "-qq")
        run("apt-get", "download", "-qq", "nginx", cwd=UNPACKED)
    for package in sorted(UNPACKED.glob("nginx_*.deb"))[-1:]:
        run("dpkg", "-x", str(package), str(UNPACKED))


def run(*command: str, cwd: Path | None = None) -> bool:
    print("+", " ".join(command), flush=True)
    return subprocess.run(command, check=False, cwd=cwd).returncode == 0


def missing() -> Sequence[str]:
    needed = (("chromium", chromium()), ("fonts-noto-cjk", korean_font()), ("nginx", nginx()))
    return [name for name, there in needed if not there]


def main() -> int:
    lacking = missing()
    if shutil.which("apt-get") and os.geteuid() == 0 and {"chromium", "fonts-noto-cjk"} & set(lacking):
        run("apt-get", "update", "-qq")
        run("apt-get", "install", "-y", "-qq", "--no-install-recommends", *DEBIAN, "fontconfig")
    elif not chromium():
        run(sys.executable, "-m", "playwright", "install", "chromium")
    if "nginx" in lacking and shutil.which("apt-get"):
        unpack_nginx()
    if chromium() is None:
        print("No Chromium for the browser tests. This command helps: sudo apt-get install -y chromium fonts-noto-cjk", file=sys.stderr)
        return 1
    if nginx() is None:
        print("No nginx: the tests behind a proxy will fail. sudo apt-get install -y nginx", file=sys.stderr)
        return 1
    if not korean_font():
        print("No Korean font: the test that looks for missing glyphs will fail. sudo apt-get install -y fonts-noto-cjk", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
