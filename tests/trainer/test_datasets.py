"""Each data set against its definition; standardisation against a naive twin in float64."""

import gzip
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import mnist1d.data
import numpy as np
import pytest
from sklearn.datasets import load_digits

from tests.trainer.data_folder import PARAMS, write_idx, write_upload
from tests.trainer.running import spec_of
from trainer import build, registry
from trainer.data import moments, split
from trainer.parts.datasets import Shape
from trainer.plan import PlanError, plan
from trainer.plan import part_params as params_of

registry.discover()


def load(name: str, seed: int = 0, **params: Any) -> tuple[np.ndarray, np.ndarray, Shape]:
    part = registry.part("dataset", name)
    checked = part.Params.model_validate(PARAMS.get(name, {}) | params)
    return *part.load(checked, seed), part.shape(checked)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DYNASCOPE_DATA", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("name", registry.names("dataset"))
def test_a_data_set_is_what_its_shape_says_and_a_seed_gives_the_same(name: str) -> None:
    x, y, shape = load(name)
    assert x.dtype == np.float32
    assert x.shape[1:] in shape.views.values()
    assert len(x) == len(y) == shape.examples
    assert {int(np.prod(view)) for view in shape.views.values()} == {int(np.prod(x.shape[1:]))}
    assert y.dtype == (np.int64 if shape.classes else np.float32)
    assert set(registry.part("dataset", name).works_with["layouts"]) >= set(shape.views)
    if shape.classes:
        assert (y.min(), y.max()) == (0, shape.classes - 1)
    assert np.isfinite(x).all()
    again = load(name)
    assert np.array_equal(x, again[0])
    assert np.array_equal(y, again[1])


def test_mnist1d_is_the_packages_own_and_leaves_the_random_states_alone() -> None:
    registry.part("dataset", "mnist1d").load.__func__.__globals__["_mnist1d"].cache_clear()
    np.random.seed(5)
    random.seed(5)
    before = np.random.get_state()[1].tolist(), random.getstate()
    x, y, _ = load("mnist1d")
    assert (np.random.get_state()[1].tolist(), random.getstate()) == before
    made = mnist1d.data.make_dataset(mnist1d.data.get_dataset_args())
    assert np.array_equal(x, np.concatenate([made["x"], made["x_test"]]).astype(np.float32))
    assert np.array_equal(y, np.concatenate([made["y"], made["y_test"]]))


def test_digits3d_reaches_as_deep_as_a_pixel_is_dark() -> None:
    x, y, _ = load("digits3d", shift=0, noise=0, depth=8)
    images, labels = load_digits(return_X_y=True)
    assert np.array_equal(x[:, 0].sum(axis=1), np.rint(images.reshape(-1, 8, 8) / 2))
    assert (np.diff(x[:, 0], axis=1) <= 0).all()
    assert set(np.unique(x)) == {0, 1}
    assert np.array_equal(y, labels)


def test_digits3d_moves_each_digit_by_its_own_shift() -> None:
    still, _, _ = load("digits3d", shift=0, noise=0)
    moved, _, _ = load("digits3d", shift=1, noise=0)
    wide = np.pad(still, ((0, 0), (0, 0), (0, 0), (1, 1), (1, 1)))
    fits = [np.all(moved == wide[..., r : r + 8, c : c + 8], axis=(1, 2, 3, 4)) for r in range(3) for c in range(3)]
    assert np.any(fits, axis=0).all()
    assert min(np.sum(fit) for fit in fits) > 100


@pytest.mark.parametrize(("order", "shape"), [("rows", (8, 8)), ("pixels", (64, 1))])
def test_sequences_end_somewhere_in_their_second_half(order: str, shape: tuple[int, int]) -> None:
    whole, _, _ = load("sequential_digits", order=order)
    x, _, about = load("sequential_digits", order=order, variable=True)
    assert (x.shape[1:], about.padded, list(about.views)) == (shape, True, ["sequence"])
    gone = np.isnan(x)
    assert (gone == gone[:, :, :1]).all()
    lengths = (~gone[:, :, 0]).sum(axis=1)
    assert all(not gone[i, :n].any() and gone[i, n:].all() for i, n in enumerate(lengths))
    assert (lengths.min(), lengths.max()) == (shape[0] // 2, shape[0])
    assert np.array_equal(np.where(gone, 0, whole), np.where(gone, 0, x))
    assert not np.array_equal(gone, np.isnan(load("sequential_digits", 1, order=order, variable=True)[0]))


@pytest.mark.parametrize("length", [4, 7, 50])
def test_adding_sums_the_two_marked_values(length: int) -> None:
    x, y, _ = load("adding", n=300, length=length)
    assert (x[:, :, 1].sum(axis=1) == 2).all()
    assert (x[:, : length // 2, 1].sum(axis=1) == 1).all()
    assert np.allclose((x[:, :, 0] * x[:, :, 1]).sum(axis=1), y, atol=1e-6)


@pytest.mark.parametrize("packed", [False, True])
def test_idx_files_come_back_as_they_were_written(folder: Path, packed: bool) -> None:
    rng = np.random.default_rng(1)
    images, labels = rng.integers(0, 256, (50, 6, 7)).astype(np.uint8), (np.arange(50) % 4).astype(np.uint8)
    write_idx(folder / "idx" / "fashion", images, labels, packed)
    x, y, shape = load("idx", files="fashion")
    assert np.array_equal(x[:, 0], images)
    assert np.array_equal(y, labels)
    assert (shape.classes, dict(shape.views)["image"]) == (4, (1, 6, 7))
    assert len(load("idx", files="fashion", examples=20)[0]) == 20


@pytest.mark.parametrize(
    ("kind", "change", "word"),
    [
        ("images", lambda data: data[:-5], "cut short"),
        ("images", lambda data: data[:9], "cut short"),
        ("labels", lambda data: data[:-1], "cut short"),
        ("labels", lambda data: b"", "begins with nothing"),
        ("images", lambda data: b"\x00\x00\x09" + data[3:], "begins with 00000903"),
        ("labels", lambda data: data[:4] + (49).to_bytes(4, "big") + data[8:], "50 images and train-labels-idx1-ubyte 49 labels"),
        ("images", lambda data: data[:8] + b"\xff\xff\xff\xff" + data[12:], "cut short"),
    ],
)
def test_an_idx_file_that_is_not_whole_is_refused_before_a_run(folder: Path, kind: str, change: Any, word: str) -> None:
    write_idx(folder / "idx" / "train", np.ones((50, 3, 3), np.uint8), (np.arange(50) % 2).astype(np.uint8))
    path = next((folder / "idx").glob(f"train-{kind}*"))
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(PlanError) as refused:
        plan(spec_of(data__name="idx"))
    assert refused.value.errors[0].loc == "data.params.files"
    assert word in refused.value.errors[0].msg


def test_a_packed_idx_file_that_is_cut_short_is_refused_in_words(folder: Path) -> None:
    write_idx(folder / "idx" / "train", np.ones((50, 30, 3), np.uint8), (np.arange(50) % 2).astype(np.uint8), packed=True)
    path = next((folder / "idx").glob("train-images*"))
    path.write_bytes(path.read_bytes()[:-12])
    with pytest.raises(registry.Refused, match="can't be read whole"):
        load("idx")
    with pytest.raises(PlanError, match=rf"{path.name} is cut short: its head asks for 4,516 bytes, and there are \d"):
        plan(spec_of(data__name="idx"))


@pytest.mark.parametrize("cut", [9, 12, 40, 2000])
def test_a_packed_idx_file_says_before_a_run_how_much_of_it_is_there(folder: Path, cut: int) -> None:
    """Noise can't be packed, so that what is missing of the file is missing of the pixels."""
    images = np.random.default_rng(0).integers(0, 256, (50, 30, 3)).astype(np.uint8)
    write_idx(folder / "idx" / "train", images, (np.arange(50) % 2).astype(np.uint8), packed=True)
    path = next((folder / "idx").glob("train-images*"))
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(PlanError) as refused:
        plan(spec_of(data__name="idx"))
    there = int(refused.value.errors[0].msg.partition("there are ")[2].partition(".")[0].replace(",", ""))
    assert 4516 - cut <= there < 4516


def test_an_idx_file_is_unpacked_where_its_content_is_packed_whatever_its_name(folder: Path) -> None:
    write_idx(folder / "idx" / "train", np.ones((50, 3, 3), np.uint8), (np.arange(50) % 2).astype(np.uint8), packed=True)
    images, labels = (next((folder / "idx").glob(f"train-{kind}*")) for kind in ("images", "labels"))
    images.rename(images.with_suffix(""))
    labels.write_bytes(gzip.decompress(labels.read_bytes()))
    assert plan(spec_of(data__name="idx")).shape.examples == 50
    assert len(load("idx")[0]) == 50


def test_a_folder_of_a_files_name_is_passed_over_and_told_where_it_stands_alone(folder: Path) -> None:
    write_idx(folder / "idx" / "train", np.ones((50, 3, 3), np.uint8), (np.arange(50) % 2).astype(np.uint8))
    labels = next((folder / "idx").glob("train-labels*"))
    labels.rename(labels.with_name("train-labels.idx1-ubyte"))
    labels.mkdir()
    assert plan(spec_of(data__name="idx")).shape.examples == 50
    assert len(load("idx")[0]) == 50
    labels.with_name("train-labels.idx1-ubyte").rename(labels / labels.name)
    with pytest.raises(PlanError, match=rf"{labels} is a folder, not a file; put the file itself into {labels.parent}"):
        plan(spec_of(data__name="idx"))


def test_a_packed_idx_file_in_several_members_is_whole(folder: Path) -> None:
    write_idx(folder / "idx" / "train", np.ones((50, 30, 3), np.uint8), (np.arange(50) % 2).astype(np.uint8), packed=True)
    path = next((folder / "idx").glob("train-images*"))
    data = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(data[:1000]) + gzip.compress(data[1000:]))
    assert plan(spec_of(data__name="idx")).shape.examples == 50


def test_missing_files_say_where_to_put_them_and_what_is_there(folder: Path) -> None:
    write_idx(folder / "idx" / "kmnist", np.ones((50, 3, 3), np.uint8), (np.arange(50) % 2).astype(np.uint8))
    with pytest.raises(PlanError) as refused:
        plan(spec_of(data={"name": "idx", "params": {"files": "emnist"}}))
    msg = refused.value.errors[0].msg
    assert str(folder / "idx") in msg
    assert "There is: kmnist" in msg
    for path in ("../train", "a/b", "/etc/x", ""):
        with pytest.raises(PlanError, match="files"):
            plan(spec_of(data={"name": "idx", "params": {"files": path}}))


def test_an_upload_that_is_not_there_is_refused_with_those_that_are(folder: Path) -> None:
    write_upload(
        folder, "c" * 16, np.ones((30, 2), np.float32), np.arange(30) % 2, format="table", views={"vector": [2]}, classes=["a", "b"]
    )
    for name, id, word in (("table", "", "choose an upload"), ("table", "d" * 16, "c" * 16), ("arrays", "c" * 16, "none yet")):
        with pytest.raises(PlanError, match=word) as refused:
            plan(spec_of(data={"name": name, "params": {"id": id}}))
        assert refused.value.errors[0].loc == "data.params.id"
    with pytest.raises(PlanError, match="pattern"):
        plan(spec_of(data={"name": "table", "params": {"id": "../../etc/passwd"}}))


@pytest.mark.parametrize("name", ["wine", "adding", "arrays"])
def test_standardisation_is_from_the_training_set_alone(name: str) -> None:
    planned = plan(spec_of(data={"name": name, "params": PARAMS.get(name, {})}))
    data = build.load(planned, params_of(planned.spec)["dataset"])
    train = data.train.x.numpy().astype(np.float64)
    constant = train.std(axis=0) < 1e-6
    assert np.allclose(train.mean(axis=0), 0, atol=1e-4)
    assert np.allclose(train.std(axis=0)[~constant], 1, atol=1e-4)
    everything = np.concatenate([train, data.val.x.numpy(), data.test.x.numpy()])
    assert np.abs(everything.mean(axis=0)).max() > 1e-3
    if not planned.shape.classes:
        assert data.train.y.double().mean().abs() < 1e-4
        assert data.val.y.double().mean().abs() > 1e-4


def test_moments_leave_padding_out_as_a_naive_twin_does() -> None:
    x, _, _ = load("sequential_digits", variable=True)
    x[:, -1] = np.nan  # a position that no training example reaches
    mean, std = moments(x)
    for position in range(8):
        for feature in range(8):
            column = x[:, position, feature].astype(np.float64)
            there = column[~np.isnan(column)]
            m, s = (there.mean(), there.std()) if len(there) else (0.0, 1.0)
            assert mean[position, feature] == pytest.approx(m, abs=1e-5)
            assert std[position, feature] == pytest.approx(s if s > 1e-8 else 1.0, abs=1e-5)
    scaled = (x - mean) / std
    assert np.array_equal(np.isnan(scaled), np.isnan(x))


def test_a_class_of_one_example_is_named_where_it_cannot_be_split() -> None:
    y = np.array([0] * 20 + [1] * 20 + [2])
    with pytest.raises(ValueError, match="class 2 has too few examples"):
        split(y, 3, 25, 8, 8, 0)


def test_choosing_mnist1d_imports_neither_matplotlib_nor_requests() -> None:
    code = (
        "import sys; from trainer import registry; registry.discover(); part = registry.part('dataset', 'mnist1d'); "
        "part.load(part.Params(), 0); sys.exit('matplotlib' in sys.modules or 'requests' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
