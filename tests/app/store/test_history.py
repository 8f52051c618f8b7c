"""The store against plain lists: every point once, min and max never vanish, histograms add up."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app.store import history, schema
from app.store.pyramid import COUNT, LAST, NONFINITE, START, WIDTHS, Buckets
from app.store.rewind import rewind
from dynascope import bins
from dynascope.sinks.batch import Batch
from tests.app.sending import RUN, append, counted, database, losses, stored

values_strategy = st.lists(st.floats(width=32, allow_nan=True, allow_infinity=True), min_size=1, max_size=300)


@given(values_strategy, st.sampled_from([1, 2, 16, 64]), st.integers(0, 500))
def test_buckets_agree_with_a_naive_twin(values: list[float], width: int, first: int) -> None:
    steps = np.arange(first, first + len(values), dtype=float)
    buckets = Buckets.of_points(steps, np.array(values)).coarsen(width)
    columns = buckets.columns()
    for i, start in enumerate(columns["step"]):
        inside = np.array(values)[(steps >= start) & (steps < start + width)]
        finite = inside[np.isfinite(inside)]
        assert columns["nonfinite"][i] == len(inside) - len(finite)
        np.testing.assert_array_equal(columns["last"][i], inside[-1])
        np.testing.assert_array_equal(columns["min"][i], finite.min() if len(finite) else np.nan)
        np.testing.assert_array_equal(columns["max"][i], finite.max() if len(finite) else np.nan)
        np.testing.assert_allclose(columns["mean"][i], finite.mean() if len(finite) else np.nan, rtol=1e-9, atol=1e-30)
    assert buckets.table[COUNT].sum() + buckets.table[NONFINITE].sum() == len(values)
    assert (columns["step"] % width == 0).all()


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(values=values_strategy, cuts=st.lists(st.integers(1, 60), max_size=12), fold_every=st.integers(1, 4))
def test_however_a_series_is_cut_into_frames_and_folds_every_point_is_there_once(
    tmp_path_factory: pytest.TempPathFactory, values: list[float], cuts: list[int], fold_every: int
) -> None:
    with database(tmp_path_factory.mktemp("db")) as store:
        batch, at = Batch(RUN, 1), 0
        for i, cut in enumerate([*cuts, len(values)]):
            part = np.array(values[at : at + cut])
            if not len(part):
                break
            with store._writing.begin() as connection:
                append(connection, losses(batch, range(at, at + len(part)), part))
                if i % fold_every == 0:
                    history.fold(connection, RUN)
            at += len(part)
        with store._reading.begin() as connection:
            _, points = history.read_series(connection, RUN, ["train/loss"], 0)["train/loss"]
            width, coarse = history.read_series(connection, RUN, ["train/loss"], 10)["train/loss"]
        np.testing.assert_array_equal(points.table[START], np.arange(at))
        np.testing.assert_array_equal(points.table[LAST], np.array(values[:at]))
        np.testing.assert_array_equal(coarse.table, Buckets.of_points(np.arange(at), np.array(values[:at])).coarsen(width).table)


def test_every_level_of_the_pyramid_keeps_a_lone_spike_and_a_lone_nan(tmp_path: Path) -> None:
    values = np.zeros(20_000)
    values[12_345], values[777] = 1e6, np.nan
    with database(tmp_path) as store, store._writing.begin() as connection:
        batch = Batch(RUN, 1)
        for at in range(0, 20_000, 997):
            append(connection, losses(batch, range(at, min(at + 997, 20_000)), values[at : at + 997]))
            history.fold(connection, RUN)
        for points in (3, 50, 2000, 20_000):
            width, buckets = history.read_series(connection, RUN, ["train/loss"], points)["train/loss"]
            columns = buckets.columns()
            assert len(buckets) <= points + 1
            assert np.nanmax(columns["max"]) == 1e6
            assert columns["nonfinite"].sum() == 1
            assert columns["step"][np.nanargmax(columns["max"])] == 12_345 // width * width


def test_a_window_gives_the_buckets_that_overlap_it(tmp_path: Path) -> None:
    with database(tmp_path) as store, store._writing.begin() as connection:
        append(connection, losses(Batch(RUN, 1), range(5000), np.arange(5000.0)))
        history.fold(connection, RUN)
        _, exact = history.read_series(connection, RUN, ["train/loss"], 0, 1000, 1009)["train/loss"]
        np.testing.assert_array_equal(exact.table[START], np.arange(1000, 1010))
        width, coarse = history.read_series(connection, RUN, ["train/loss"], 20, 1003, 2003)["train/loss"]
        assert coarse.table[START][0] == 1003 // width * width
        assert coarse.table[START][-1] <= 2003


def test_points_are_read_whole_whether_folded_or_not(tmp_path: Path) -> None:
    values = np.append(np.linspace(0, 1, 1298), [np.nan, -np.inf])
    with database(tmp_path) as store, store._writing.begin() as connection:
        batch = Batch(RUN, 1)
        for at in range(0, 1300, 100):
            append(connection, losses(batch, range(at, at + 100), values[at : at + 100]))
            if at < 1100:
                history.fold(connection, RUN)
        for low, high in ((-np.inf, np.inf), (500, 530), (1150, 1250), (7000, 8000)):
            points = history.read_points(connection, RUN, ["train/loss", "nothing"], low, high)
            assert list(points) == ["train/loss"]
            steps = np.arange(1300.0)
            inside = (steps >= low) & (steps <= high)
            np.testing.assert_array_equal(points["train/loss"], [steps[inside], values[inside]])
        assert history.series_sizes(connection, RUN) == {"train/loss": 1300}


def test_every_chunk_of_a_series_is_copied_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A join a chunk would copy the former ones again with each: quadratic."""
    copied, join = [0], np.concatenate

    def counting(parts: Sequence[np.ndarray], axis: int = 0) -> np.ndarray:
        copied[0] += sum(part.size for part in parts)
        return join(parts, axis=axis)

    with database(tmp_path) as store:
        with store._writing.begin() as connection:
            stored(connection, {"train/loss": np.zeros(40_000)})
        monkeypatch.setattr(np, "concatenate", counting)
        with store._reading.begin() as connection:
            read = [history.read_series(connection, RUN, ["train/loss"], most)["train/loss"][1] for most in (0, 2500)]
            assert [len(buckets) for buckets in read] == [40_000, 2500]
    assert copied[0] <= 2 * 40_000 + 7 * 2500


def test_a_frame_that_comes_twice_is_stored_once_and_a_gap_is_refused(tmp_path: Path) -> None:
    with database(tmp_path) as store, store._writing.begin() as connection:
        batch = Batch(RUN, 1)
        first = losses(batch, range(3), np.ones(3))
        second, third = (losses(batch, range(i, i + 1), np.ones(1)) for i in (3, 4))
        assert append(connection, first)
        assert not append(connection, first)
        with pytest.raises(history.OutOfOrder):
            append(connection, third)
        assert append(connection, second)
        assert append(connection, third)
        history.fold(connection, RUN)
        assert not append(connection, second)
        assert len(history.read_series(connection, RUN, ["train/loss"], 0)["train/loss"][1]) == 5


def test_replay_gives_exactly_the_rest_or_says_that_it_cannot(tmp_path: Path) -> None:
    with database(tmp_path) as store, store._writing.begin() as connection:
        batch = Batch(RUN, 1)
        for i in range(history.REPLAY_FRAMES + 50):
            append(connection, losses(batch, range(i, i + 1), np.ones(1)))
        history.fold(connection, RUN)
        newest = batch.seq
        seq, rest = history.replay(connection, RUN, 1, newest - 7) or (0, [])
        assert (seq, [m.seq for m in rest]) == (newest, list(range(newest - 6, newest + 1)))
        assert history.replay(connection, RUN, 1, newest) == (newest, [])
        assert history.replay(connection, RUN, 1, 3) is None
        assert history.replay(connection, RUN, 2, newest) is None


def test_histograms_are_bounded_and_no_count_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MAX_COLUMNS", 16)
    rng = np.random.default_rng(0)
    total = np.zeros(bins.SLOTS, dtype=int)
    with database(tmp_path) as store, store._writing.begin() as connection:
        batch = Batch(RUN, 1)
        for step in range(150):
            sample = rng.normal(size=40).astype(np.float32)
            total += np.bincount(bins.slot(sample), minlength=bins.SLOTS)
            append(connection, counted(batch, step, sample))
            if step % 7 == 0:
                history.fold(connection, RUN)
        history.fold(connection, RUN)
        columns = history.read_histograms(connection, RUN, "activation", "hidden1")
        assert len(columns) <= 16
        assert sum(c.measured for c in columns) == 150
        assert [c.first for c in columns[1:]] == [c.last + 1 for c in columns[:-1]]
        dense = np.zeros(bins.SLOTS, dtype=int)
        for c in columns:
            dense[c.bins] += c.counts
        np.testing.assert_array_equal(dense, total)
        assert max(c.measured for c in columns) <= 2 * min(c.measured for c in columns[:-1])


def test_folding_keeps_no_frames_of_a_run_that_has_ended(tmp_path: Path) -> None:
    with database(tmp_path) as store, store._writing.begin() as connection:
        batch = Batch(RUN, 1)
        append(connection, losses(batch, range(10), np.ones(10)))
        history.fold(connection, RUN)
        assert connection.execute(select(schema.frames.c.last)).all()
        history.fold(connection, RUN, ended=True)
        assert not connection.execute(select(schema.frames.c.last)).all()
        assert WIDTHS[0] == 1


def test_the_migrations_make_exactly_the_schema(tmp_path: Path) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with database(tmp_path) as store, store._writing.begin() as connection:
        assert compare_metadata(MigrationContext.configure(connection), schema.metadata) == []


@pytest.mark.parametrize("step", [0, 1, 512, 5000, 8191, 8192, 8193, 19_999, 20_000, 30_000])
def test_a_history_that_is_brought_back_is_that_of_a_run_that_never_went_further(tmp_path: Path, step: int) -> None:
    values = np.sin(np.arange(20_000.0))
    values[[40, 7000, 8192]] = np.nan, np.inf, 1e6

    def told(folder: Path, until: int, back: int | None) -> dict[int, tuple[int, Buckets]]:
        folder.mkdir()
        with database(folder) as store, store._writing.begin() as connection:
            batch = Batch(RUN, 1)
            for at in range(0, until, 997):
                append(connection, losses(batch, range(at, min(at + 997, until)), values[at : min(at + 997, until)]))
                history.fold(connection, RUN)
            if back is not None:
                latest = rewind(connection, RUN, 2, back, False, {"changes": {}})
                assert latest == ({"train/loss": values[min(back, until) - 1]} if back else {})
            counts.append(connection.scalars(select(schema.series.c.points)).all())
            read = {n: history.read_series(connection, RUN, ["train/loss"], n).get("train/loss") for n in (0, 7, 300)}
            return {n: found for n, found in read.items() if found}

    counts: list[object] = []
    back, never = told(tmp_path / "back", 20_000, step), told(tmp_path / "never", min(step, 20_000), None)
    assert counts[0] == counts[1]
    assert back.keys() == never.keys()
    for n, (width, buckets) in never.items():
        assert back[n][0] == width
        np.testing.assert_allclose(back[n][1].table, buckets.table, rtol=1e-12)


def test_what_a_dead_attempt_had_told_from_a_step_on_goes(tmp_path: Path) -> None:
    with database(tmp_path) as store, store._writing.begin() as connection:
        batch = Batch(RUN, 1)
        for step in range(100):
            batch.matrix(step, "function", np.full((1, 2), step), {})
            batch.event(step, "checkpoint" if step % 2 else "epoch", {"file": f"{step}"})
            append(connection, counted(batch, step, np.ones(3)))
        batch.scalars(99, {"test/loss": 1.0})
        append(connection, batch.drain())
        history.fold(connection, RUN, ended=True)
        rewind(connection, RUN, 2, 51.0, False, {"changes": {}})
        assert history.series_names(connection, RUN) == []
        assert [c.first for c in history.read_histograms(connection, RUN, "activation", "hidden1")] == list(range(51))
        nearest = history.read_matrix(connection, RUN, "function")
        assert nearest is not None
        assert nearest.step <= 50
        events = history.read_events(connection, RUN)
        assert [(e["step"], e["kind"]) for e in events[-3:]] == [(50, "epoch"), (51, "checkpoint"), (51, "resumed")]
        assert (events[-1]["attempt"], events[-1]["seq"]) == (2, 0)
        again = Batch(RUN, 2)
        append(connection, counted(again, 51, np.ones(3)))
        history.fold(connection, RUN)
        assert len(history.read_histograms(connection, RUN, "activation", "hidden1")) == 52
