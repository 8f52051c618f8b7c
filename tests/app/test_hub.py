"""Fan-out with no server: outboxes merge, keep the newest, forget past their bound, and never lose or repeat a point."""

import asyncio

import numpy as np
import pytest

from app import hub, wire
from app.hub import Hub, Outbox, Streams
from app.store.pyramid import LAST, START, Buckets
from dynascope import stream
from dynascope.sinks.batch import Batch
from tests.app.sending import RUN, counted, losses
from tests.loops import in_loop


def outbox(*streams: str) -> Outbox:
    box = Outbox()
    box.streams, box.runs = Streams(frozenset(streams)), frozenset({RUN})
    return box


def steps_of(box: Outbox) -> list[float]:
    pending = box.collect().get(RUN)
    parts = pending.series.get("train/loss", []) if pending else []
    return Buckets.join(parts).table[START].tolist()


def test_points_of_several_frames_merge_into_one_column() -> None:
    box, batch, center = outbox("scalars"), Batch(RUN, 1), Hub()
    center.attach(box)
    for i in range(5):
        center.publish(RUN, losses(batch, range(i * 3, i * 3 + 3), np.ones(3)))
    assert steps_of(box) == list(range(15))
    assert steps_of(box) == []


def test_a_viewer_gets_only_the_runs_and_streams_that_it_asked_for() -> None:
    box, center = outbox("layers"), Hub()
    center.attach(box)
    center.publish(RUN, losses(Batch(RUN, 1), range(3), np.ones(3)))
    center.publish("another", losses(Batch("another", 1), range(3), np.ones(3)))
    collected = box.collect()
    assert set(collected) == {RUN}
    assert collected[RUN].series == {}


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
    assert Buckets.join(pending.series["train/loss"]).table[START].tolist() == [0, 1]
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
