import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dynascope import bins


def test_edges_cover_the_line_without_gap_or_overlap() -> None:
    low, high = bins.edges()
    assert low[0] == -np.inf
    assert high[-1] == np.inf
    np.testing.assert_array_equal(high[:-1], low[1:])
    assert (np.diff(low) >= 0).all()
    assert low[bins.ZERO] == high[bins.ZERO] == 0


def test_bins_mirror_each_other() -> None:
    low, high = bins.edges()
    np.testing.assert_array_equal(low, -high[::-1])


@settings(deadline=None)
@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_a_value_lies_within_the_edges_of_its_slot(value: float) -> None:
    low, high = bins.edges()
    slot = int(bins.slot(np.array(value)))
    if value > 0:
        assert slot == bins.SIDE + np.searchsorted(bins.magnitudes(), value, side="right")
        assert low[slot] <= value < high[slot]
    elif value < 0:
        assert low[slot] < value <= high[slot]
    else:
        assert slot == bins.ZERO


def test_every_edge_and_its_neighbours_fall_on_the_right_side() -> None:
    edges = bins.magnitudes()[1:].astype(np.float32)
    np.testing.assert_array_equal(bins.slot(edges), bins.SIDE + 2 + np.arange(len(edges)))
    np.testing.assert_array_equal(bins.slot(np.nextafter(edges, np.float32(0))), bins.SIDE + 1 + np.arange(len(edges)))
    np.testing.assert_array_equal(bins.slot(-edges), bins.SIDE - 2 - np.arange(len(edges)))


def test_the_exceptions_have_slots_of_their_own() -> None:
    values = np.array([np.nan, -np.nan, -np.inf, np.inf, 0.0, -0.0], dtype=np.float32)
    assert bins.slot(values).tolist() == [bins.NAN, bins.NAN, bins.NEG_INF, bins.POS_INF, bins.ZERO, bins.ZERO]


@settings(deadline=None)
@given(st.lists(st.floats(width=32), max_size=50))
def test_counts_sum_to_the_size(values: list[float]) -> None:
    counts = np.bincount(bins.slot(np.array(values, dtype=np.float32)), minlength=bins.SLOTS)
    assert counts.sum() == len(values)
    assert len(counts) == bins.SLOTS


def test_what_the_catalogue_publishes_is_json_and_complete() -> None:
    import json

    published = json.loads(json.dumps(bins.describe(), allow_nan=False))
    assert len(published["low"]) == len(published["high"]) == bins.SLOTS - 3
    assert (published["nan"], published["neg_inf"], published["pos_inf"]) == tuple(range(bins.SLOTS - 3, bins.SLOTS))
