"""Every benchmark of this folder, one after the other, and a table of what they found."""

import importlib
import pkgutil
import sys

from rich.console import Console
from rich.table import Table

import benchmarks
from benchmarks.rows import Row


def main(wanted: list[str]) -> None:
    names = [m.name for m in pkgutil.iter_modules(benchmarks.__path__) if m.name not in ("__main__", "rows")]
    rows: list[Row] = []
    for name in names:
        if not wanted or name in wanted:
            rows += importlib.import_module(f"benchmarks.{name}").main()
    table = Table("what", "value", "against", "ratio", title="Benchmarks: medians, interleaved in one run")
    for row in rows:
        table.add_row(row.what, row.value, row.peer, "" if row.ratio is None else f"{row.ratio:.3f}")
    Console().print(table)


main(sys.argv[1:])
