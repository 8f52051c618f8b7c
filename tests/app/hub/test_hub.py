"""Fan-out with no server: outboxes merge, keep the newest, forget past their bound, and never lose or repeat a point."""

import asyncio
from collections.abc import Callable

import numpy as np
import pytest

from app.hub import hub, wire
from app.hub.hub import Hub, Outbox, Streams
from app.sockets.live import _binary
from app.store.columns import series_of
from app.store.pyramid import LAST, Buckets
from dynascope import stream
from dynascope.messages import Sent
from dynascope.sinks.batch import Batch
from tests.app.sending import RUN, counted, losses
from tests.loops import in_loop


def outbox(*streams: str) -> Outbox:
    box = Outbox()
    box.streams, box.runs = Streams(frozenset(streams)), frozenset({RUN})
    return box


def steps_of(box: Outbox) -> list[float]:
    pending = box.collect().get(RUN)
    series = pending.series() if pending else {}
    return series["train/loss"][0].tolist() if series else []


def test_points_of_several_frames_merge_into_one_column() -> None:
    box, batch, center = outbox("scalars"), Batch(RUN, 1), Hub()
    center.attach(box)
    for i in range(5):
        center.publish(RUN, losses(batch, range(i * 3, i * 3 + 3), np.ones(3)))
    assert steps_of(box) == list(range(15))
    assert steps_of(box) == []


def everything(batch: Batch, step: int) -> list[Sent]:
    """A message of each kind that makes a frame."""
    batch.scalars(step, {"train/loss": float(step)})
    batch.layer_stats(step, ["hidden1"], ["weight/norm", "weight/zeros"], np.full((1, 2), step), np.array([[True, False]]))
    batch.matrix(step, "classes", np.full((2, 2), step), {})
    return batch.drain() + counted(batch, step, np.ones(3))


ALL = ("scalars", "layers", "histograms/activation/hidden1", "matrices/classes")


def test_a_message_is_taken_apart_once_and_a_frame_made_once_for_all_who_are_told_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    apart: list[Sent] = []
    made: list[str] = []

    def watched(name: str, of: Callable[..., bytes]) -> Callable[..., bytes]:
        return lambda *args: (made.append(name), of(*args))[1]

    monkeypatch.setattr(hub, "series_of", lambda message: (apart.append(message), series_of(message))[1])
    for name in ("points", "histograms", "matrix"):
        monkeypatch.setattr(wire, name, watched(name, getattr(wire, name)))
    batch, center = Batch(RUN, 1), Hub()
    alike, other, late = [outbox(*ALL) for _ in range(20)], outbox("scalars"), outbox(*ALL)
    for box in (*alike, other):
        center.attach(box)
    first = everything(batch, 0)
    center.publish(RUN, first)
    assert len(apart) == len(first)
    told = [_binary(RUN, box.collect()[RUN]) for box in alike]
    assert sorted(made) == ["histograms", "matrix", "points"]
    assert all(frames == told[0] for frames in told)
    made.clear()
    center.attach(late)
    center.publish(RUN, everything(batch, 1))
    frames = {box: _binary(RUN, box.collect()[RUN]) for box in (*alike, other, late)}
    assert sorted(made) == ["histograms", "matrix", "points", "points"]
    assert frames[late] == frames[alike[0]]
    header, view = stream.parse(frames[other][0])
    assert [(s["name"], view(s["columns"]["step"]).tolist()) for s in header["series"]] == [("train/loss", [0, 1])]
    header, view = stream.parse(frames[late][0])
    assert {s["name"]: view(s["columns"]["value"]).tolist() for s in header["series"]} == {
        "train/loss": [1],
        "layer/hidden1/weight/norm": [1],
    }


def test_no_more_frames_are_kept_than_are_allowed() -> None:
    told = hub.Told(losses(Batch(RUN, 1), range(1), np.ones(1))[0])
    for i in range(100):
        assert told.frame(i, lambda i=i: bytes([i])) == told.frame(i, bytes) == bytes([i])  # type: ignore[misc]
    assert len(told._frames) <= hub.MAX_FRAMES


def test_nobody_who_watches_nothing_has_a_message_taken_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "series_of", lambda message: pytest.fail("for nobody"))
    box, center = outbox("scalars"), Hub()
    center.attach(box)
    center.publish("another", losses(Batch("another", 1), range(3), np.ones(3)))
    assert box.collect() == {}


def test_a_viewer_gets_only_the_runs_and_streams_that_it_asked_for() -> None:
    box, center = outbox("layers"), Hub()
    center.attach(box)
    center.publish(RUN, losses(Batch(RUN, 1), range(3), np.ones(3)))
    center.publish("another", losses(Batch("another", 1), range(3), np.ones(3)))
    collected = box.collect()
    assert set(collected) == {RUN}
    assert collected[RUN].series() == {}


def test_histograms_keep_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "HISTOGRAM_COLUMNS", 4)
    box, batch, center = outbox("histograms/activation/hidden1"), Batch(RUN, 1), Hub()
    center.attach(box)
    for step in range(10):
        center.publish(RUN, counted(batch, step, np.ones(3)))
    assert [c.first for c in box.collect()[RUN].histograms["activation", "hidden1"]] == [6, 7, 8, 9]


def test_a_slow_viewer_is_told_to_resync_and_holds_no_more_than_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "MAX_POINTS", 100)
    box, batch, center = outbox("scalars"), Batch(RUN, 1), Hub()
    center.attach(box)
    for i in range(50):
        center.publish(RUN, losses(batch, range(i * 10, i * 10 + 10), np.ones(10)))
    pending = box.collect()[RUN]
    assert pending.overrun
    assert pending.points <= 100


def test_frames_that_come_while_history_is_read_are_delivered_once() -> None:
    box, batch, center = outbox("scalars"), Batch(RUN, 1), Hub()
    center.attach(box)
    frames = [losses(batch, range(i, i + 1), np.ones(1)) for i in range(6)]
    center.publish(RUN, frames[0])
    box.hold(RUN, afresh=True)
    for frame in frames[1:5]:
        center.publish(RUN, frame)
    assert box.collect() == {}
    box.release(RUN, 1, 3)  # the history that was read holds messages 1 to 3
    center.publish(RUN, frames[5])
    assert steps_of(box) == [3, 4, 5]


def test_a_stream_that_is_added_takes_nothing_from_those_that_were_there() -> None:
    box, batch, center = outbox("scalars"), Batch(RUN, 1), Hub()
    center.attach(box)
    before = box.streams
    center.publish(RUN, losses(batch, range(1), np.ones(1)))
    box.hold(RUN, afresh=False)
    box.streams = Streams(frozenset({"scalars", "histograms/activation/hidden1"}))
    center.publish(RUN, losses(batch, range(1, 2), np.ones(1)))
    center.publish(RUN, counted(batch, 1, np.ones(3)))
    box.release(RUN, 1, 3, before)
    center.publish(RUN, counted(batch, 2, np.ones(3)))
    pending = box.collect()[RUN]
    assert pending.series()["train/loss"][0].tolist() == [0, 1]
    assert [c.first for c in pending.histograms["activation", "hidden1"]] == [2]


def test_binary_frames_are_aligned_and_read_back() -> None:
    points = Buckets.of_points(np.arange(3.0), np.array([1.0, np.nan, -np.inf]))
    frame = wire.scalars(RUN, 1, 9, [("train/loss", 1, points), ("val/loss", 16, points.coarsen(16))])
    header, view = stream.parse(frame)
    length = int.from_bytes(frame[:4], "little")
    assert length % 8 == 0
    assert (header["run"], header["attempt"], header["seq"]) == (RUN, 1, 9)
    for series in header["series"]:
        for place in series["columns"].values():
            assert (4 + length + place["offset"]) % 8 == 0
    np.testing.assert_array_equal(view(header["series"][0]["columns"]["value"]), points.table[LAST])
    assert set(header["series"][1]["columns"]) == {"step", "min", "max", "mean", "last", "nonfinite"}


def test_a_topic_is_told_once_with_its_newest_counts_to_those_who_follow_it() -> None:
    center, follower, other = Hub(), Outbox(), Outbox()
    follower.topics = frozenset({"studies/ab"})
    center.attach(follower)
    center.attach(other)
    for ended in range(3):
        center.change("studies/ab", {"ended": ended})
        center.change("studies", {"running": ended})
    assert follower.dirty.is_set()
    assert not other.dirty.is_set()
    assert (follower.changed(), follower.changed(), other.changed()) == ({"studies/ab": {"ended": 2}}, {}, {})
    center.change("studies/ab", None)
    follower.topics = frozenset()
    assert follower.changed() == {}


def test_what_comes_of_a_run_stirs_the_topic_that_it_belongs_to_for_as_long_as_someone_follows_that() -> None:
    async def stirred(center: Hub) -> set[str]:
        try:
            return await asyncio.wait_for(center.stirred(), 0.01)
        except TimeoutError:
            return set()

    async def story() -> list[set[str]]:
        center, follower = Hub(), Outbox()
        center.attach(follower)
        center.belongs(RUN, "studies/ab")
        frame = losses(Batch(RUN, 1), range(3), np.ones(3))
        center.publish(RUN, frame)
        told = [await stirred(center)]
        follower.topics = frozenset({"studies/ab", "studies"})
        center.publish(RUN, frame)
        center.publish("another", losses(Batch("another", 1), range(3), np.ones(3)))
        told.append(await stirred(center))
        center.tell(RUN, "status", 0.0, 0.0, {"status": "finished"})
        told.append(await stirred(center))
        center.forget(RUN)
        center.publish(RUN, frame)
        return [*told, await stirred(center)]

    assert in_loop(story()) == [set(), {"studies/ab"}, {"studies/ab", "studies"}, set()]
