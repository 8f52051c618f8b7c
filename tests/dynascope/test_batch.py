import threading

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dynascope import bins
from dynascope.messages import (
    BIN,
    COUNT,
    OFFSET,
    STEP,
    VALUE,
    Event,
    Histograms,
    Layer,
    LayerStats,
    RunStarted,
    Scalars,
    Sent,
    decode_frame,
    encode,
)
from dynascope.sinks.batch import Batch
from dynascope.sinks.memory import Memory


def over_the_wire(batch: Batch) -> list[Sent]:
    return decode_frame(encode(batch.drain()))


def densify(message: Histograms) -> np.ndarray:
    steps, offsets = np.frombuffer(message.steps, STEP), np.frombuffer(message.offsets, OFFSET)
    slots, counts = np.frombuffer(message.bins, BIN), np.frombuffer(message.counts, COUNT)
    dense = np.zeros((len(steps) * len(message.layers), bins.SLOTS), dtype=np.int64)
    for cell in range(len(dense)):
        mine = slice(offsets[cell], offsets[cell + 1])
        dense[cell, slots[mine]] = counts[mine]
    return dense.reshape(len(steps), len(message.layers), bins.SLOTS)


def test_series_that_share_steps_share_a_message() -> None:
    batch = Batch("r", 2)
    for step in range(3):
        batch.scalars(step, {"train/loss": step / 2, "lr": 0.1})
    batch.scalars(2, {"val/loss": np.nan})
    train, val = over_the_wire(batch)
    assert isinstance(train, Scalars)
    assert train.names == ["train/loss", "lr"]
    np.testing.assert_array_equal(np.frombuffer(train.steps, STEP), [0, 1, 2])
    np.testing.assert_array_equal(np.frombuffer(train.values, VALUE).reshape(2, 3), [[0, 0.5, 1], [0.1, 0.1, 0.1]])
    assert isinstance(val, Scalars)
    assert np.isnan(np.frombuffer(val.values, VALUE)).all()


@settings(deadline=None)
@given(arrays(np.float64, (2, 3, 2)), arrays(bool, (3, 2)))
def test_layer_tables_come_back_to_the_last_bit(tables: np.ndarray, applies: np.ndarray) -> None:
    batch = Batch("r", 1)
    for step, table in enumerate(tables):
        batch.layer_stats(step, ["a", "b", "c"], ["p", "q"], table, applies)
    (message,) = over_the_wire(batch)
    assert isinstance(message, LayerStats)
    np.testing.assert_array_equal(np.frombuffer(message.values, VALUE).reshape(2, 3, 2), tables)
    np.testing.assert_array_equal(np.frombuffer(message.applies, np.uint8).reshape(3, 2), applies)
    assert (message.layers, message.quantities) == (["a", "b", "c"], ["p", "q"])


@settings(deadline=None)
@given(arrays(np.uint32, (2, 3, bins.SLOTS), elements=st.integers(0, 2**32 - 1), fill=st.just(0)))
def test_sparse_histograms_densify_to_what_was_recorded(counts: np.ndarray) -> None:
    batch = Batch("r", 1)
    for step, rows in enumerate(counts):
        batch.histograms(10 * step, "weight", ["a", "b", "c"], rows)
    (message,) = over_the_wire(batch)
    assert isinstance(message, Histograms)
    np.testing.assert_array_equal(np.frombuffer(message.steps, STEP), [0, 10])
    np.testing.assert_array_equal(densify(message), counts)


def test_what_is_recorded_is_a_copy() -> None:
    """The instrument goes on using its tables."""
    batch, table, counts = Batch("r", 1), np.ones((1, 1)), np.ones((1, bins.SLOTS), dtype=np.uint32)
    batch.layer_stats(0, ["a"], ["p"], table, np.ones((1, 1), dtype=bool))
    batch.histograms(0, "weight", ["a"], counts)
    table[:], counts[:] = 7, 7
    stats, histograms = over_the_wire(batch)
    assert isinstance(stats, LayerStats)
    assert isinstance(histograms, Histograms)
    assert np.frombuffer(stats.values, VALUE) == 1
    assert (densify(histograms) == 1).all()


def test_seq_has_no_gap_over_drains_and_columns_come_before_events() -> None:
    batch = Batch("r", 1)
    batch.event(1, "epoch", {"n": 1})
    batch.scalars(1, {"train/loss": 1.0})
    first = batch.drain()
    batch.event(2, "epoch")
    second = batch.drain()
    assert [type(m) for m in first + second] == [Scalars, Event, Event]
    assert [m.seq for m in first + second] == [1, 2, 3]
    assert batch.drain() == []


def test_nothing_is_lost_when_threads_record_while_another_drains() -> None:
    batch, drained = Batch("r", 1), []

    def record(name: str) -> None:
        for step in range(500):
            batch.scalars(step, {name: step})

    threads = [threading.Thread(target=record, args=(f"s{i}",)) for i in range(3)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        drained += batch.drain()
    drained += batch.drain()
    for name in ("s0", "s1", "s2"):
        steps = np.concatenate([np.frombuffer(m.steps, STEP) for m in drained if isinstance(m, Scalars) and m.names == [name]])
        np.testing.assert_array_equal(steps, np.arange(500))


def test_memory_keeps_the_whole_run_in_order() -> None:
    sink = Memory()
    sink.started([Layer("a", "Linear", 6)], preloaded=True)
    sink.messages()
    sink.ended("finished", "all epochs done", 10)
    messages = decode_frame(encode(sink.messages()))
    assert [m.seq for m in messages] == [1, 2]
    assert isinstance(messages[0], RunStarted)
    assert messages[0].layers == [Layer("a", "Linear", 6)]


@pytest.mark.parametrize("frame", [b"", b"\x91\x81\xa4type\xa4evil", b"\x90\x90", msgspec.msgpack.encode([{"type": "event", "run": "r"}])])
def test_anything_outside_the_vocabulary_is_refused(frame: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_frame(frame)


def test_a_series_keeps_its_order_when_it_comes_in_different_company() -> None:
    batch = Batch("r", 1)
    for step in range(12):
        batch.scalars(step, {"train/loss": 1.0})
        batch.scalars(step, {"val/loss": float(step)} | ({"gap/loss": 0.5} if step % 3 == 0 else {}))
    seen: dict[str, list[float]] = {}
    messages = over_the_wire(batch)
    for message in messages:
        assert isinstance(message, Scalars)
        for name in message.names:
            seen.setdefault(name, []).extend(np.frombuffer(message.steps, STEP))
    assert seen["val/loss"] == seen["train/loss"] == list(range(12))
    assert seen["gap/loss"] == [0, 3, 6, 9]
    assert sum("train/loss" in message.names for message in messages if isinstance(message, Scalars)) == 1  # still one for all
