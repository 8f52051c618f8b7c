"""How soon a run shows its first point where the product is installed from its wheel: against a checkout's server.

The two servers are asked in turn; an installed one finds its modules by another path, and a preload that fails there
fails without a word.
"""

import statistics
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.rows import Row
from tests.installed import Environment, Installed, build, first_point
from tests.server import Server

RUNS = 10
SPEC: dict[str, Any] = {}  # the defaults: an MLP on digits


def main() -> list[Row]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = Environment(folder / "environment")
        environment.install_wheel(build(folder / "dist"))
        installed, checkout = Installed(environment, folder / "installed").start(), Server(folder / "checkout").start()
        first_point(installed, SPEC)
        first_point(checkout, SPEC)
        pairs = [(first_point(installed, SPEC), first_point(checkout, SPEC)) for _ in range(RUNS)]
        installed.stop()
        checkout.stop()
    taken = [own for own, _ in pairs]
    spread = f"{statistics.median(taken):.3f} ({min(taken):.3f} to {max(taken):.3f})"
    ratio = statistics.median(own / other for own, other in pairs)
    return [Row("the wheel: POST /api/runs to the first point, s (bar: 0.3)", spread, "a checkout's server", ratio)]


if __name__ == "__main__":
    for row in main():
        print(row)
