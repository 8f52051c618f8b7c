"""Find a Chromium for the browser tests and the Korean font they look at, or install them, or say the one command that helps."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence

DEBIAN = ["chromium", "fonts-noto-cjk"]


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


def run(*command: str) -> bool:
    print("+", " ".join(command), flush=True)
    return subprocess.run(command, check=False).returncode == 0


def missing() -> Sequence[str]:
    return [name for name, there in (("chromium", chromium()), ("fonts-noto-cjk", korean_font())) if not there]


def main() -> int:
    if not missing():
        return 0
    if shutil.which("apt-get") and os.geteuid() == 0:
        run("apt-get", "update", "-qq")
        run("apt-get", "install", "-y", "-qq", "--no-install-recommends", *DEBIAN, "fontconfig")
    elif not chromium():
        run(sys.executable, "-m", "playwright", "install", "chromium")
    if chromium() is None:
        print("No Chromium for the browser tests. This command helps: sudo apt-get install -y chromium fonts-noto-cjk", file=sys.stderr)
        return 1
    if not korean_font():
        print("No Korean font: the test that looks for missing glyphs will fail. sudo apt-get install -y fonts-noto-cjk", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
