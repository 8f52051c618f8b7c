"""Compressed forms beside a file: `x.js.br` and `x.js.gz` beside `x.js`. They are made once; a request only chooses among them.

The wheel's build uses it too (`hatch_build.py`), so this module imports nothing else of the product.
"""

import gzip
import shutil
from collections.abc import Callable
from pathlib import Path

import brotli

#: The file types that are worth compressing; pictures are already compressed.
TEXT = (".js", ".css", ".svg", ".json", ".html")
#: Plotly.js (1.5 MB) takes 5 s and 410 KB at the best quality, half a second and 444 KB at this one.
FAST, BEST = 9, 11


def compress(path: Path, quality: int) -> None:
    """Write `path`'s compressed forms beside it, each only if it is smaller than the file."""
    if path.suffix not in TEXT:
        return
    content = path.read_bytes()
    made = {".br": brotli.compress(content, quality=quality), ".gz": gzip.compress(content, 9, mtime=0)}
    for ending, compressed in made.items():
        if len(compressed) < len(content):
            path.with_name(path.name + ending).write_bytes(compressed)


def copy(source: Path, target: Path, quality: int, stop: Callable[[], bool] = lambda: False) -> None:
    """Copy a folder, and compress every file. `target` appears complete or not at all.

    `stop` is called before each file; if it returns true, nothing is left.
    """
    partial = target.with_name(target.name + ".part")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(source, partial)
    for path in sorted(partial.rglob("*")):
        if stop():
            shutil.rmtree(partial)
            return
        if path.is_file():
            compress(path, quality)
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)
