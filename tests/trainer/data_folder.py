"""IDX files, and uploads as the server stores them."""

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

TABLE, ARRAYS = "a" * 16, "b" * 16
#: Params without which a data set has nothing to load.
PARAMS = {"table": {"id": TABLE}, "arrays": {"id": ARRAYS}}


def fill(folder: Path, rng: np.random.Generator) -> None:
    y = np.arange(60) % 3
    write_idx(folder / "idx" / "train", rng.integers(0, 256, (60, 5, 4)).astype(np.uint8), y.astype(np.uint8))
    x = rng.normal(size=(60, 4)).astype(np.float32)
    write_upload(folder, TABLE, x, y, format="table", views={"vector": [4]}, classes=["a", "b", "c"])
    images = rng.normal(size=(60, 1, 4, 4)).astype(np.float32)
    views = {"image": [1, 4, 4], "sequence": [4, 4], "vector": [16]}
    write_upload(folder, ARRAYS, images, y, format="arrays", views=views, classes=["a", "b", "c"])


def write_upload(folder: Path, id: str, x: np.ndarray, y: np.ndarray, **record: Any) -> None:
    (folder / "datasets").mkdir(exist_ok=True, parents=True)
    record = {"id": id, "name": id, "rows": len(x), "padded": False} | record
    save_file({"x": x, "y": y}, folder / "datasets" / f"{id}.safetensors", {"record": json.dumps(record)})


def write_idx(stem: Path, images: np.ndarray, labels: np.ndarray, packed: bool = False) -> None:
    stem.parent.mkdir(parents=True, exist_ok=True)
    for kind, array in (("images", images), ("labels", labels)):
        data = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes()
        path = stem.with_name(f"{stem.name}-{kind}-idx{array.ndim}-ubyte{'.gz' if packed else ''}")
        path.write_bytes(gzip.compress(data) if packed else data)
