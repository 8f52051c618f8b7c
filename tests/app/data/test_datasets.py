"""Uploads: what is found in a file, every bad input named by its place, and nothing half stored."""

import http.client
import io
import json
import os
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import dynascope
from dynascope.cli import app as cli
from dynascope.client import Refused
from tests.server import TOKEN, Server

ROWS = [(i / 10, i * i % 7, "ab"[i % 2], f"id{i}", ("no", "yes")[i % 3 == 0]) for i in range(60)]
CSV = "a,b,letter,id,label\n" + "".join(",".join(map(str, row)) + "\n" for row in ROWS)


def send(server: Server, content: bytes | str, name: str = "a.csv", **fields: str) -> httpx.Response:
    content = content.encode() if isinstance(content, str) else content
    return server.client.post("/api/datasets", files={"file": (name, content)}, data=fields)


def stored(server: Server) -> list[str]:
    folder = server.data / "datasets"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def npz(**arrays: Any) -> bytes:
    out = io.BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


def parquet(**columns: Any) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


@pytest.fixture
def kept(server: Server) -> Iterator[Callable[..., dict[str, Any]]]:
    """Uploads that are gone after the test."""
    made: list[str] = []

    def keep(*args: Any, **fields: str) -> dict[str, Any]:
        answer = send(server, *args, **fields)
        assert answer.status_code == 201, answer.text
        made.append(answer.json()["id"])
        return dict(answer.json())

    yield keep
    for id in made:
        server.client.delete(f"/api/datasets/{id}")


def test_a_csv_tells_what_was_found_and_trains(server: Server, kept: Callable[..., dict[str, Any]]) -> None:
    found = kept(CSV, "학생.csv")
    assert (found["rows"], found["task"], found["classes"], found["target"]) == (60, "classification", ["no", "yes"], "label")
    assert found["features"] == ["a", "b"]
    assert found["ignored"] == [{"column": "letter", "why": "text"}, {"column": "id", "why": "text"}]
    assert (found["name"], found["format"], found["views"]) == ("학생.csv", "table", {"vector": [2]})
    assert server.client.get(f"/api/datasets/{found['id']}").json() == found
    assert found in server.client.get("/api/datasets").json()["items"]
    run = server.post({"data": {"name": "table", "params": {"id": found["id"]}}, "stop": {"max_epochs": 2, "early": None}})
    record = server.wait(run["id"])
    assert record["status"] == "finished", record["end_reason"]


@pytest.mark.parametrize(
    ("fields", "task", "classes"),
    [
        ({"target": "b"}, "classification", ["0", "1", "2", "4"]),
        ({"target": "b", "task": "regression"}, "regression", []),
        ({"target": "a"}, "regression", []),
    ],
)
def test_target_and_task_are_found_or_given(
    kept: Callable[..., dict[str, Any]], fields: dict[str, str], task: str, classes: list[str]
) -> None:
    found = kept(CSV, **fields)
    assert (found["task"], found["classes"], found["target"]) == (task, classes, fields["target"])


TEXTS = {
    "string": pa.string(),
    "large_string": pa.large_string(),
    "string_view, as Polars 1.38 writes": pa.string_view(),
    "dictionary of string": pa.dictionary(pa.int32(), pa.string()),
    "dictionary of large_string": pa.dictionary(pa.int8(), pa.large_string()),
    "dictionary of binary": pa.dictionary(pa.int32(), pa.binary()),
    "binary": pa.binary(),
    "large_binary": pa.large_binary(),
    "binary_view": pa.binary_view(),
    "fixed_size_binary": pa.binary(6),
}


@pytest.mark.parametrize("kind", TEXTS.values(), ids=TEXTS)
def test_text_of_every_arrow_type_is_a_target_of_classes_and_a_feature_left_out_as_text(
    kept: Callable[..., dict[str, Any]], kind: pa.DataType
) -> None:
    """The same words whatever they were stored as; numbers that were stored as text are numbers."""
    words = [("예abc", "no-abc")[i % 2] for i in range(30)]  # of six bytes each

    def column(values: list[str]) -> pa.Array:
        inner = kind.value_type if pa.types.is_dictionary(kind) else kind
        array = pa.array([value.encode() for value in values], type=pa.binary()) if "binary" in str(inner) else pa.array(values)
        return array.cast(inner).dictionary_encode().cast(kind) if pa.types.is_dictionary(kind) else array.cast(kind)

    numbers = [f"{i:06.2f}" for i in range(30)]
    found = kept(parquet(a=column(numbers), word=column(words), y=column(words)), "a.parquet")
    assert found["features"] == ["a"]
    assert found["ignored"] == [{"column": "word", "why": "text"}]
    assert (found["task"], found["classes"]) == ("classification", sorted(set(words)))


def test_bytes_that_are_no_utf8_stay_classes_of_their_own(kept: Callable[..., dict[str, Any]]) -> None:
    labels = pa.array([(b"\xff", b"\xfe")[i % 2] for i in range(30)])
    assert kept(parquet(a=list(range(30)), y=labels), "a.parquet")["classes"] == ["\\xfe", "\\xff"]


def test_a_parquet_file_gives_the_same_as_its_csv(kept: Callable[..., dict[str, Any]]) -> None:
    columns = dict(zip(["a", "b", "letter", "id", "label"], zip(*ROWS, strict=True), strict=True))
    found, by_csv = kept(parquet(**columns), "a.parquet"), kept(CSV)
    same = ("rows", "task", "classes", "features", "ignored", "views", "target")
    assert {key: found[key] for key in same} == {key: by_csv[key] for key in same}


def test_a_pandas_index_is_neither_a_feature_nor_the_target(kept: Callable[..., dict[str, Any]]) -> None:
    """As `to_parquet` writes it behind the columns after any filter or shuffle."""
    found = kept(parquet(a=[i / 7 for i in range(30)], y=[i % 2 for i in range(30)], __index_level_0__=list(range(30))), "a.parquet")
    assert (found["target"], found["features"]) == ("y", ["a"])
    assert found["ignored"] == [{"column": "__index_level_0__", "why": "the index of a table"}]


def test_classes_are_named_to_the_last_digit(kept: Callable[..., dict[str, Any]]) -> None:
    days = [20240101 + i % 3 for i in range(30)]
    assert kept("a,y\n" + "".join(f"{i},{day}\n" for i, day in enumerate(days)))["classes"] == ["20240101", "20240102", "20240103"]
    large = [2**60 + i % 2 for i in range(30)]
    assert kept(parquet(a=list(range(30)), y=large), "a.parquet")["classes"] == [str(2**60), str(2**60 + 1)]
    assert kept("a,y\n" + "".join(f"{i},{one}\n" for i, one in enumerate(large)))["classes"] == [str(2**60), str(2**60 + 1)]
    assert kept("a,y\n" + "".join(f"{i},{i % 2 + 0.5}\n" for i in range(30)), task="classification")["classes"] == ["0.5", "1.5"]


@pytest.mark.parametrize(
    ("head", "row"), [('"a, x, y";c;b', "{0};{0};{1}"), ("\n\na,c,b", "{0},{0},{1}"), ('a, c, "b"', '{0}, {0}, "x{1}"')]
)
def test_a_csv_is_read_as_it_was_meant(kept: Callable[..., dict[str, Any]], head: str, row: str) -> None:
    found = kept(f"{head}\n" + "".join(row.format(i, i % 2) + "\n" for i in range(30)))
    assert (found["target"], len(found["features"]), found["rows"]) == ("b", 2, 30)
    assert [name.strip("x") for name in found["classes"]] == ["0", "1"]


def test_a_column_too_fine_for_single_precision_is_left_out_and_says_so(kept: Callable[..., dict[str, Any]]) -> None:
    found = kept("a,time,y\n" + "".join(f"{i},{1_700_000_000 + i / 8},{i % 2}\n" for i in range(40)))
    assert found["features"] == ["a"]
    assert "single precision" in found["ignored"][0]["why"]
    assert found["notes"] == []


@pytest.mark.parametrize(
    ("shape", "layouts"),
    [
        ((40, 5), ["vector"]),
        ((40, 4, 3), ["sequence", "vector"]),
        ((40, 1, 4, 4), ["image", "sequence", "vector"]),
        ((40, 1, 2, 3, 4), ["volume", "vector"]),
    ],
)
def test_arrays_of_each_layout_train(
    server: Server, kept: Callable[..., dict[str, Any]], shape: tuple[int, ...], layouts: list[str]
) -> None:
    found = kept(npz(x=np.random.default_rng(0).normal(size=shape), y=np.arange(40) % 2), "a.npz")
    assert (sorted(found["views"]), found["task"]) == (sorted(layouts), "classification")
    run = server.post({"data": {"name": "arrays", "params": {"id": found["id"]}}, "stop": {"max_epochs": 1, "early": None}})
    assert server.wait(run["id"])["status"] == "finished"


def test_sequences_that_end_in_nan_are_padded(kept: Callable[..., dict[str, Any]]) -> None:
    x = np.ones((40, 4, 3), np.float32)
    x[::2, 2:] = np.nan
    found = kept(npz(x=x, y=np.arange(40) % 2), "a.npz")
    assert (found["padded"], list(found["views"])) == (True, ["sequence"])


def line(number: int, text: str) -> str:
    lines = CSV.splitlines()
    lines[number - 1] = text
    return "\n".join(lines)


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch /tmp/dynascope-was-unpickled",)


def bomb(declared: int | None = None) -> bytes:
    """4 GB of zeros in some megabytes; or an array whose head says less than it holds."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("x.npy", "w", force_zip64=True) as file:
            np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": (declared or 1 << 30, 1)})
            for _ in range(64 if declared else 1024):
                file.write(bytes(1 << 20))
        archive.writestr("y.npy", npz(y=np.arange(4))[:10])
    return out.getvalue()


def npz_torn() -> bytes:
    """A compressed array in the middle of which bits have flipped."""
    out = io.BytesIO()
    np.savez_compressed(out, x=np.random.default_rng(0).normal(size=(400, 4)), y=np.arange(400))
    data = bytearray(out.getvalue())
    data[2000:2040] = bytes(b ^ 0xFF for b in data[2000:2040])
    return bytes(data)


def npz_head() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        head = b"{'descr': '<f4', 'fortran_order': False, 'shape': (3,"  # never closed
        archive.writestr("x.npy", b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head + bytes(64))
        archive.writestr("y.npy", b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head + bytes(64))
    return out.getvalue()


BAD: list[tuple[str, bytes | str | Callable[[], bytes], str, str]] = [
    ("broken line", line(7, "1,2,3"), "a.csv", "line 7 has 3 values"),
    ("open quote", CSV + '"never closed,1,2,3,4', "a.csv", "line 62 can't be read as CSV"),
    ("missing value", line(9, "1,,a,id,yes"), "a.csv", "line 9, column 'b': a value is missing"),
    ("nan", line(9, "NaN,1,a,id,yes"), "a.csv", "line 9, column 'a': a value is missing"),
    ("infinite", line(9, "inf,1,a,id,yes"), "a.csv", "line 9, column 'a': 'inf' is not a finite number"),
    ("no number", line(9, "1.x,1,a,id,yes"), "a.csv", "line 9, column 'a': '1.x' is not"),
    ("missing target", line(9, "1,1,a,id,"), "a.csv", "line 9, column 'label': a value is missing"),
    ("not utf-8", line(9, "1,1,a,id,yes").encode().replace(b"id,yes", b"\xff,yes"), "a.csv", "line 9 is not UTF-8"),
    ("binary", b"a,b\n1,\x00\n", "a.csv", "line 2 holds a zero byte"),
    ("twice", "a,a,y\n1,2,3\n", "a.csv", "named 'a'"),
    ("unnamed", "a,,y\n1,2,3\n", "a.csv", "column 2 has no name"),
    ("no names", "1,2,3\n" * 30, "a.csv", "line 1"),
    ("three rows", "a,y\n1,2\n2,3\n3,4\n", "a.csv", "3 rows are too few"),
    ("one class", "a,y\n" + "".join(f"{i},yes\n" for i in range(20)), "a.csv", "'yes' in every row"),
    ("rare class", "a,y\n" + "".join(f"{i},{'rare' if i == 3 else 'often'}\n" for i in range(20)), "a.csv", "(line 5)"),
    ("constant", "a,y\n" + "".join(f"{i},1.5\n" for i in range(20)), "a.csv", "is 1.5 in every row"),
    ("no features", "a,y\n" + "".join(f"x,{i}\n" for i in range(20)), "a.csv", "no features"),
    ("one column", "y\n1\n2\n", "a.csv", "one column"),
    ("names alone", "a,y\n", "a.csv", "no rows"),
    ("empty", "", "a.csv", "the file is empty"),
    ("empty lines alone", "\n\n\n", "a.csv", "the file is empty"),
    ("no columns", parquet(), "a.parquet", "it has no columns"),
    ("torn deflate", npz_torn, "a.npz", "can't be read as an NPZ"),
    ("malformed head", npz_head, "a.npz", "no head that NumPy writes"),
    ("too fine a target", "a,y\n" + "".join(f"{i},{1_700_000_000 + i / 8}\n" for i in range(40)), "a.csv", "single precision"),
    ("too fine a feature", "a,y\n" + "".join(f"{1_700_000_000 + i / 8},{i}\n" for i in range(40)), "a.csv", "single precision"),
    ("extension", CSV, "a.xlsx", ".csv, .parquet, .npz"),
    ("pickle", CSV, "a.pkl", ".csv, .parquet, .npz"),
    ("no parquet", CSV, "a.parquet", "can't be read as Parquet"),
    ("null", parquet(a=[*range(20), None], y=list(range(21))), "a.parquet", "row 21, column 'a': a value is missing"),
    ("nested", parquet(a=list(range(20)), y=[[1]] * 20), "a.parquet", "a target is numbers or text"),
    ("no npz", CSV, "a.npz", "can't be read as an NPZ"),
    ("no y", npz(x=np.ones((20, 2))), "a.npz", "no array y"),
    ("ragged", npz(x=np.ones((20, 2)), y=np.arange(19)), "a.npz", "20 examples and y 19"),
    ("objects", npz(x=np.array([[1], [1, 2]], dtype=object), y=np.arange(2)), "a.npz", "pickled Python objects"),
    ("evil", npz(x=np.array([Evil()] * 2, dtype=object), y=np.arange(2)), "a.npz", "pickled Python objects"),
    ("nan array", npz(x=np.where(np.arange(40).reshape(20, 2) == 7, np.nan, 1.0), y=np.arange(20) % 2), "a.npz", "x[3, 1] is nan"),
    ("nan within", npz(x=np.where(np.arange(80).reshape(20, 4, 1) == 5, np.nan, 1.0), y=np.arange(20) % 2), "a.npz", "x[1, 1, 0] is nan"),
    ("six dimensions", npz(x=np.ones((20, 1, 1, 1, 1, 1)), y=np.arange(20)), "a.npz", "6 dimensions"),
    ("cut short", npz(x=np.ones((2000, 20)), y=np.arange(2000))[:5000], "a.npz", "can't be read as an NPZ"),
    ("bomb", bomb, "a.npz", "unpacks to"),
    ("more than declared", lambda: bomb(100), "a.npz", "holds more"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "name", "word"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_a_bad_file_is_refused_in_words_and_nothing_is_stored(
    server: Server, content: bytes | str | Callable[[], bytes], name: str, word: str
) -> None:
    before = stored(server)
    answer = send(server, content() if callable(content) else content, name)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    error = answer.json()["errors"][0]
    assert error["loc"] in ("file", "target")
    assert word in error["msg"]
    assert stored(server) == before
    assert not Path("/tmp/dynascope-was-unpickled").exists()


def test_wrong_fields_are_named_with_what_is_allowed(server: Server) -> None:
    for fields, loc, word in (
        ({"target": "c"}, "target", "a, b, letter, id, label"),
        ({"task": "guess"}, "task", "classification, regression"),
        ({"colour": "red"}, "colour", "no such field"),
        ({"target": "letter", "task": "regression"}, "target", "line 2, target 'letter': 'a' is no number"),
    ):
        answer = send(server, CSV, **fields)
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["loc"] == loc
        assert word in answer.json()["errors"][0]["msg"]
    assert server.client.post("/api/datasets", json={}).status_code == 415
    cut = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\na,b\r\n1,2'
    answer = server.client.post("/api/datasets", content=cut, headers={"Content-Type": "multipart/form-data; boundary=b"})
    assert (answer.status_code, "cut short" in answer.text) == (422, True)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """With little room."""
    limits = {"DYNASCOPE_MAX_UPLOAD": "100000", "DYNASCOPE_MAX_UPLOADS": "2"}
    server = Server(tmp_path_factory.mktemp("small") / "data", **limits).start(ready=False)
    yield server
    server.stop()


def test_a_file_that_is_too_large_is_refused_while_it_comes_and_not_kept(small: Server) -> None:
    """Two gigabytes, of which a fraction is ever read: with its length told beforehand, and without."""
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
        while sent < 2 << 30:
            sent += 1 << 16
            yield bytes(1 << 16)

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    try:
        answer = small.client.post("/api/datasets", content=endless(), headers=headers)
        assert answer.status_code == 413, answer.text
    except httpx.TransportError:  # the server hung up on who went on sending
        pass
    assert sent < 100 << 20
    assert stored(small) == []
    told = http.client.HTTPConnection("127.0.0.1", small.port, timeout=10)
    told.putrequest("POST", "/api/datasets")
    for name, value in ({**headers, "Authorization": f"Bearer {TOKEN}", "Content-Length": str(2 << 30)}).items():
        told.putheader(name, value)
    told.endheaders()
    assert told.getresponse().status == 413
    told.close()
    assert send(small, CSV * 200).status_code == 413
    assert stored(small) == []


def test_uploads_beyond_the_quota_are_refused_until_one_is_deleted(small: Server) -> None:
    ids = [send(small, CSV).json()["id"] for _ in range(2)]
    refused = send(small, CSV)
    assert refused.status_code == 409
    assert "delete one" in refused.json()["detail"]
    for id in ids:
        assert small.client.delete(f"/api/datasets/{id}").status_code == 204
        assert small.client.get(f"/api/datasets/{id}").status_code == 404
    assert stored(small) == []


def test_one_that_a_run_uses_stays_until_the_run_has_ended(server: Server, kept: Callable[..., dict[str, Any]]) -> None:
    id = kept(CSV)["id"]
    stop = {"max_epochs": None, "max_steps": 10**7, "early": None}
    spec = {"data": {"name": "table", "params": {"id": id}}, "stop": stop, "pace": 100}
    run = server.post(spec)["id"]
    server.until_step(run, 1)
    refused = server.client.delete(f"/api/datasets/{id}")
    assert (refused.status_code, run in refused.json()["detail"]) == (409, True)
    server.control(run, "stop")
    server.wait(run)
    assert server.client.delete(f"/api/datasets/{id}").status_code == 204
    gone = server.client.post("/api/runs", json=spec)
    assert (gone.status_code, gone.json()["errors"][0]["loc"]) == (422, "data.params.id")


def test_a_set_smaller_than_the_batch_is_warned_of(server: Server, kept: Callable[..., dict[str, Any]]) -> None:
    spec = {"data": {"name": "table", "params": {"id": kept(CSV)["id"]}, "batch_size": 512}}
    assert "larger than the training set" in server.client.post("/api/plan", json=spec).json()["warnings"][0]


def test_what_a_killed_server_left_half_done_is_gone_at_its_next_start(new_server: Callable[..., Server]) -> None:
    server = new_server()
    folder = server.data / "datasets"
    folder.mkdir(parents=True)
    (folder / "0123456789abcdef.part").write_bytes(b"half")
    server.start(ready=False)
    assert stored(server) == []


def test_client_and_command_line_upload_list_and_delete(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "<script>.csv"
    file.write_text(CSV)
    with dynascope.Client(server.url, TOKEN) as client:
        made = client.upload(file, target="a", task="regression", name="mine")
        assert (made["name"], made["task"], made["target"]) == ("mine", "regression", "a")
        assert made["id"] in [one["id"] for one in client.datasets()]
        client.delete_dataset(made["id"])
        with pytest.raises(Refused, match="there is no upload"):
            client.delete_dataset(made["id"])
    if not any(command.name == "run" for command in cli.registered_commands):
        from dynascope.shell import add_to

        add_to(cli)
    to = ["--url", server.url, "--token", TOKEN]
    runner = CliRunner()
    added = runner.invoke(cli, ["data", "add", str(file), "--json", *to])
    assert added.exit_code == 0, added.output
    made = json.loads(added.stdout)
    assert made["name"] == "<script>.csv"
    listed = runner.invoke(cli, ["data", "ls", *to])
    assert made["id"] in listed.stdout
    assert runner.invoke(cli, ["data", "rm", made["id"], *to]).exit_code == 0
    assert runner.invoke(cli, ["data", "rm", made["id"], *to]).exit_code == 1
