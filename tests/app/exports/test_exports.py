"""A run taken away as a file: for TensorBoard, and as a page that needs no server."""

import csv
import io
import json
import socket
import struct
import threading
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import numpy as np
import pytest
from pyarrow import parquet
from sqlalchemy import create_engine
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from app.api import exports
from app.exports import replay_figures, tensorboard
from app.exports.replay import COLUMNS, thinned
from app.store import history, records
from app.store.columns import Column
from app.store.pyramid import Buckets
from dynascope import bins
from dynascope.messages import BIN, COUNT
from tests.app.sending import RUN, database, record, stored
from tests.loops import in_loop
from tests.server import Server

#: As long as its curves are thinned in a replay; its name would end a script, where it were not escaped.
SPEC = {
    "name": "</script><script>alert(1)</script>&<b>",
    "data": {"name": "moons"},
    "model": {"params": {"depth": 2, "width": 8}},
    "stop": {"max_epochs": None, "max_steps": 1500, "early": None},
}


@pytest.fixture(scope="session")
def run(shared_server: Server) -> str:
    made = shared_server.post(SPEC)["id"]
    shared_server.wait(made)
    return str(made)


def read(content: bytes, folder: Path) -> EventAccumulator:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        archive.extractall(folder)
    (events,) = folder.glob("*/events.out.tfevents.*")
    held = EventAccumulator(str(events.parent), size_guidance={"scalars": 0, "histograms": 0})
    held.Reload()
    return held


def test_tensorboard_reads_every_point_and_every_histogram(server: Server, run: str, tmp_path: Path) -> None:
    answer = server.client.get(f"/api/runs/{run}/export", params={"format": "tensorboard"})
    assert answer.headers["content-type"] == "application/zip"
    held = read(answer.content, tmp_path)
    assert json.loads(next(tmp_path.glob("*/run.json")).read_text())["id"] == run
    names = [s["name"] for s in server.client.get(f"/api/runs/{run}/series", params={"points": 1}).json()["series"]]
    assert sorted(held.Tags()["scalars"]) == names
    for name in ("train/loss", "val/accuracy", "layer/hidden1/activation/mean"):
        steps, values = server.points(run, name)
        told = held.Scalars(name)
        assert [event.step for event in told] == steps
        assert [event.value for event in told] == [float(np.float32(v)) for v in values if v is not None]
        times = [event.wall_time for event in told]
        assert times == sorted(times)
        assert server.get(run)["started"] - 1 <= times[0] <= times[-1] <= server.get(run)["ended"]
    columns = server.client.get(f"/api/runs/{run}/histograms", params={"layer": "hidden1"}).json()["columns"]
    low, high = bins.edges()
    for event, column in zip(held.Histograms("activation/hidden1"), columns, strict=True):
        value = event.histogram_value
        assert event.step == column["last"]
        assert value.num == sum(column["counts"])
        occupied = [(edge, count) for edge, count in zip(value.bucket_limit, value.bucket, strict=True) if count]
        assert [count for _, count in occupied] == column["counts"]
        for (edge, _), slot in zip(occupied, column["bins"], strict=True):
            assert edge == pytest.approx(high[slot], abs=1e-37)
        assert (value.min, value.max) == (pytest.approx(low[column["bins"][0]]), pytest.approx(high[column["bins"][-1]], abs=1e-37))


def test_tensorboard_reads_when_each_attempt_of_a_resumed_run_made_its_steps(server: Server, tmp_path: Path) -> None:
    """Stopped and resumed twice: an attempt's steps lie between its start and its end, those before a resumption as well."""
    made = server.post(SPEC | {"name": "in three attempts", "pace": 300})["id"]
    spans, cuts = [], []
    for reached in (170, 400, 1500):
        if spans:
            assert server.client.post(f"/api/runs/{made}/resume", json={}).status_code == 200
            cuts.append(server.get(made)["step"])
        if reached < 1500:
            server.until_step(made, reached)
            server.control(made, "stop")
        else:
            server.until_step(made, 500)
            server.control(made, "set", pace=None)
        ended = server.wait(made)
        spans.append((ended["started"], ended["ended"]))
    assert ended["status"] == "finished"
    held = read(server.client.get(f"/api/runs/{made}/export", params={"format": "tensorboard"}).content, tmp_path)
    told = held.Scalars("train/loss")
    assert [event.step for event in told] == list(range(1500))
    times = np.array([event.wall_time for event in told])
    assert (np.diff(times) >= 0).all()
    for (began, end), low, high in zip(spans, [0, *cuts], [*cuts, 1500], strict=True):
        own = times[int(low) : int(high)]
        assert began <= own[0] <= own[-1] <= end
        assert own[-1] - own[0] > 0.5 * (end - began)  # not all at one moment
    for event in held.Histograms("activation/hidden1"):
        attempt = sum(event.step >= cut for cut in cuts)
        assert spans[attempt][0] <= event.wall_time <= spans[attempt][1]


def test_steps_of_a_run_that_was_resumed_by_an_older_version_lie_between_its_creation_and_its_checkpoint() -> None:
    """Its record has the start of the newest attempt alone."""
    events = [
        {"attempt": 1, "step": 170.0, "kind": "checkpoint", "time": 150.0, "data": {}},
        {"attempt": 2, "step": 170.0, "kind": "resumed", "time": 900.0, "data": {}},
    ]
    run = {"attempt": 2, "created": 100.0, "started": 905.0, "ended": 1000.0, "step": 300.0, "forked_at": None}
    times = np.interp([0, 85, 169, 170, 235, 300], *tensorboard.clock(events, run))
    assert times == pytest.approx([100, 125, 150, 905, 952, 1000], abs=1)


def test_checksums_are_those_of_the_standard() -> None:
    def masked(crc: int) -> int:
        return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF

    known = {b"123456789": 0xE3069283, bytes(32): 0x8A9136AA, b"\xff" * 32: 0x62A8AB43}  # RFC 3720, B.4
    for text, crc in known.items():
        assert tensorboard.masked_crc(np.frombuffer(text, np.uint8)[None]).tolist() == [masked(crc)]
    records = tensorboard.ragged([b"123456789", bytes(32), b"\xff" * 32])
    for text, crc in known.items():
        length, _, body, end = struct.unpack(f"<QI{len(text)}sI", records[: 16 + len(text)])
        assert (length, body, end) == (len(text), text, masked(crc))
        records = records[16 + len(text) :]


def test_what_is_not_finite_reaches_tensorboard(tmp_path: Path) -> None:
    steps, values = np.array([0.0, 127.0, 128.0, 2.0**40]), np.array([np.nan, np.inf, -np.inf, 1e300])
    columns = [
        Column(0, 5, 2, np.array([0, 2 * bins.SIDE, bins.NAN], BIN), np.array([1, 2, 9], COUNT)),
        Column(6, 6, 1, np.array([bins.NAN], BIN), np.array([4], COUNT)),
    ]
    path = tmp_path / "run" / "events.out.tfevents.0.x"
    path.parent.mkdir()
    times = np.arange(4.0)
    body = tensorboard.scalars("훈련/손실", steps, values, times) + tensorboard.histograms("h", columns, times[:2])
    path.write_bytes(tensorboard.opening(1.0) + body)
    held = EventAccumulator(str(path.parent), size_guidance={"scalars": 0, "histograms": 0})
    held.Reload()
    told = held.Scalars("훈련/손실")
    assert [event.step for event in told] == steps.tolist()
    assert np.array_equal([event.value for event in told], [np.nan, np.inf, -np.inf, np.inf], equal_nan=True)
    (only,) = held.Histograms("h")
    assert (only.step, only.histogram_value.num) == (5, 3)
    assert np.isfinite([only.histogram_value.min, only.histogram_value.max, *only.histogram_value.bucket_limit]).all()


def test_a_replay_is_one_escaped_file_in_either_language(server: Server, run: str) -> None:
    said = {lang: server.client.get(f"/api/runs/{run}/export", params={"format": "html", "lang": lang}).text for lang in ("en", "ko")}
    for lang, question in (("en", "Is the loss falling?"), ("ko", "손실이 줄어드나?")):
        assert question in said[lang]
        assert f'<html lang="{lang}">' in said[lang]
        assert "alert(1)</script>" not in said[lang]
        assert said[lang].count("</script>") == 3
        assert "default-src 'none'" in said[lang]
        assert len(said[lang]) < 4 << 20
    own = server.client.get(f"/api/runs/{run}/export", params={"format": "html"}, headers={"Accept-Language": "ko-KR"}).text
    assert '<html lang="ko">' in own


def test_a_run_that_has_measured_nothing_is_exported_all_the_same(server: Server) -> None:
    made = server.client.post("/api/runs", json={"stop": {"max_steps": 1}, "seed": 9}).json()["id"]
    for format in ("csv", "parquet", "tensorboard", "html"):
        answer = server.client.get(f"/api/runs/{made}/export", params={"format": format})
        assert answer.status_code == 200, format
    server.wait(made)


def test_nobody_is_given_a_file_without_a_token(server: Server, run: str) -> None:
    for format in ("tensorboard", "html"):
        assert httpx.get(f"{server.url}/api/runs/{run}/export", params={"format": format}).status_code == 401
        assert server.client.get("/api/runs/nobody/export", params={"format": format}).status_code == 404


def test_thinning_keeps_every_extreme_and_every_count() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=5000)
    values[[17, 4001]] = [99.0, np.nan]
    x, y = replay_figures.extremes(Buckets.of_points(np.arange(5000.0), values).coarsen(64), 64)
    assert len(x) <= 3 * 79
    assert np.nanmax(y) == 99.0
    assert np.nanmin(y) == np.nanmin(values)
    assert 4000 < x[np.isnan(y)][0] < 4064
    assert (np.diff(x) > 0).all()
    columns = [Column(i, i, 1, np.array([bins.ZERO], BIN), np.array([i], COUNT)) for i in range(1000)]
    few = thinned(columns)
    assert len(few) <= COLUMNS
    assert sum(int(column.counts.sum()) for column in few) == sum(range(1000))
    assert sum(column.measured for column in few) == 1000


#: Long, short and empty ones; the long one is read in three pieces and a rest.
SIZES = {"a": 3 * exports.ROWS + 5, "b": 7, "c": 0, "d": 900, "e": exports.ROWS - 900, "f": exports.ROWS + 1}


@pytest.mark.parametrize("format", ["csv", "parquet", "tensorboard"])
def test_no_more_than_one_long_series_is_held_and_none_of_it_is_made_in_the_loop(
    tmp_path: Path, format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[int] = []
    pieces: list[int] = []
    threads: list[threading.Thread] = []

    def reading(*args: Any) -> Any:
        read = history.read_points(*args)
        held.append(sum(points.shape[1] for points in read.values()))
        return read

    def made(of: Any) -> Any:
        def call(*args: Any) -> Any:
            threads.append(threading.current_thread())
            pieces.append(sum(len(steps) for _, steps, _ in args[1 if format != "csv" else 0]))
            return of(*args)

        return call

    monkeypatch.setattr(exports, "history", SimpleNamespace(**vars(history) | {"read_points": reading}))
    for owner, name in ((exports, "_rows"), (exports._Table, "add"), (exports, "_add_scalars")):
        monkeypatch.setattr(owner, name, made(getattr(owner, name)))
    rng = np.random.default_rng(0)
    series = {name: rng.normal(size=size) for name, size in SIZES.items()}

    async def story() -> bytes:
        threads.append(threading.current_thread())
        about = {"id": RUN, "created": 1.0, "started": 1.0, "ended": 2.0, "attempt": 1, "forked_at": None, "step": 9.0}
        told = exports._tensorboard(store, about) if format == "tensorboard" else getattr(exports, f"_{format}")(store, RUN)
        return b"".join([piece async for piece in told])

    with database(tmp_path) as store:
        with store._writing.begin() as connection:
            stored(connection, {name: values for name, values in series.items() if len(values)})
        content = in_loop(story())
    assert max(held) == max(SIZES.values())
    assert len(held) == 4, "d and e are read together, after b"
    assert max(pieces) <= exports.ROWS
    assert threads.count(threads[0]) == 1, "the loop's, which makes nothing"
    if format == "csv":
        rows = [(row["series"], float(row["step"]), float(row["value"])) for row in csv.DictReader(io.StringIO(content.decode()))]
    elif format == "parquet":
        table = parquet.read_table(io.BytesIO(content))
        rows = list(zip(*(table[name].to_pylist() for name in ("series", "step", "value")), strict=True))
    else:
        told = read(content, tmp_path / "unpacked")
        rows = [(name, float(e.step), e.value) for name in told.Tags()["scalars"] for e in told.Scalars(name)]
        series = {name: values.astype("f4") for name, values in series.items()}
    assert rows == [(name, float(step), float(value)) for name, values in series.items() for step, value in enumerate(values)]


def put(server: Server, run: str) -> str:
    """A run that has ended, whose file is larger than what sockets hold, put into the server's database."""
    engine = create_engine(f"sqlite:///{server.data / 'dynascope.db'}")
    with engine.connect() as connection:
        for pragma in ("wal_autocheckpoint=0", "busy_timeout=10000"):  # the server's writer alone may reset the log
            connection.exec_driver_sql(f"PRAGMA {pragma}")
        records.add(connection, record(run, "finished"))
        stored(connection, {f"series/{i}": np.random.default_rng(i).normal(size=20_000) for i in range(40)}, run)
        connection.commit()
    engine.dispose()
    return run


@pytest.mark.parametrize("format", ["csv", "parquet", "tensorboard"])
def test_a_run_deleted_while_it_is_taken_away_breaks_the_transfer_off(server: Server, format: str) -> None:
    """Nobody takes half a file for a whole one, and the log has a line of it, no traceback."""
    run = put(server, f"{format:x<16}"[:16])
    # Less than the file, so that the server has to wait for who reads; more than a packet, so that what is read comes quickly.
    narrow = httpx.HTTPTransport(socket_options=[(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 18)])
    with (
        httpx.Client(base_url=server.url, headers=server.client.headers, transport=narrow) as client,
        client.stream("GET", f"/api/runs/{run}/export", params={"format": format}) as answer,
    ):
        pieces = answer.iter_raw(1000)
        next(pieces)
        assert server.client.delete(f"/api/runs/{run}").status_code == 204
        with pytest.raises(httpx.RemoteProtocolError, match="incomplete chunked read"):
            for _ in pieces:
                pass
    log = server.log.read_text()
    assert f"/api/runs/{run}/export was cut short: there is no run" in log
    assert "Traceback" not in log
