import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dynascope import bins
from dynascope.kernels import GradientNorm, Summary, channel_moments, distance, hits, norm, warm

anything = st.floats(width=32) | st.sampled_from([0.0, -0.0, 1e-45, -1e-45, 1e-38, 3e38, -3e38, np.inf, -np.inf, np.nan])
float32s = arrays(np.float32, st.integers(0, 40), elements=anything)
# Whole blocks, a part of one, and more than one
lengths = st.sampled_from([1, 3, 2047, 2048, 2049, 5000])


def summarise(*parts: np.ndarray | torch.Tensor, low: float = -np.inf, high: float = np.inf) -> Summary:
    summary = Summary(1)
    for part in parts:
        summary.add(0, part, low, high)
    return summary


def naive_counts(x: np.ndarray) -> np.ndarray:
    return np.bincount(bins.slot(x).ravel(), minlength=bins.SLOTS)


def assert_agrees(summary: Summary, x: np.ndarray, low: float = -np.inf, high: float = np.inf) -> None:
    x, moments = x.ravel(), summary.moments()
    finite = x[np.isfinite(x)].astype(np.float64)
    np.testing.assert_array_equal(summary.counts[0], naive_counts(x))
    assert moments.nonfinite[0] == len(x) - len(finite)
    if len(finite) == 0:
        assert moments.n[0] == 0
        assert np.isnan(moments[1:-1]).all()
        return
    scale = np.abs(finite).max()
    assert moments.n[0] == len(finite)
    assert moments.minimum[0] == finite.min()
    assert moments.maximum[0] == finite.max()
    assert moments.zeros[0] * len(finite) == pytest.approx((finite == 0).sum())
    outside = (finite < np.float32(low)) | (finite > np.float32(high))
    assert moments.outside[0] * len(finite) == pytest.approx(outside.sum())
    assert moments.mean[0] == pytest.approx(finite.mean(), rel=1e-9, abs=1e-12 * scale)
    assert moments.variance[0] == pytest.approx(finite.var(), rel=1e-9, abs=1e-24 * scale**2)
    assert moments.sum_of_squares[0] == pytest.approx((finite**2).sum(), rel=1e-9)


@settings(deadline=None)
@given(float32s, st.floats(-2, 0, width=32), st.floats(0, 2, width=32))
def test_it_agrees_with_a_naive_twin_on_any_values(x: np.ndarray, low: float, high: float) -> None:
    assert_agrees(summarise(x, low=low, high=high), x, low, high)


@settings(max_examples=60, deadline=None)
@given(lengths, st.integers(0, 99), st.sampled_from([0.0, 1.0, -1000.0]), st.sampled_from([1e-6, 1.0, 1e6]), st.booleans())
def test_it_agrees_with_a_naive_twin_over_blocks(n: int, seed: int, mean: float, std: float, with_exceptions: bool) -> None:
    rng = np.random.default_rng(seed)
    x = (mean + std * rng.standard_normal(n)).astype(np.float32)
    x[rng.random(n) < 0.1] = 0
    if with_exceptions:
        x[rng.integers(0, n, 3)] = [np.nan, np.inf, -np.inf]
    assert_agrees(summarise(x, low=-0.97, high=0.97), x, -0.97, 0.97)


def test_a_mean_far_above_the_spread_costs_no_digits() -> None:
    x = (2.0**23 + np.random.default_rng(0).integers(0, 3, 5000)).astype(np.float32)
    assert summarise(x).moments().std[0] == pytest.approx(x.astype(np.float64).std(), rel=1e-9)


def test_one_huge_value_among_small_ones_is_neither_lost_nor_spreads() -> None:
    x = np.ones(5000, dtype=np.float32)
    x[[0, 3000]] = 3e38, -3e38
    assert_agrees(summarise(x), x)


@pytest.mark.parametrize("sign", [1, -1])
def test_subnormals_are_counted_beside_zero_and_not_as_zero(sign: int) -> None:
    x = np.array([0.0, -0.0, sign * 1e-45, sign * 1e-39], dtype=np.float32)
    counts = summarise(x).counts[0]
    assert counts[bins.ZERO] == 2
    assert counts[bins.ZERO + sign] == 2


@pytest.mark.parametrize("bits", [0x7F800001, 0xFF800001, 0x7FC00000, 0xFFC00000, 0x7FFFFFFF])
def test_every_nan_is_told_from_infinity(bits: int) -> None:
    counts = summarise(np.array([bits], dtype=np.uint32).view(np.float32)).counts[0]
    assert counts[bins.NAN] == counts.sum() == 1


@settings(deadline=None)
@given(float32s, float32s)
def test_adding_two_parts_is_adding_them_together(a: np.ndarray, b: np.ndarray) -> None:
    assert_agrees(summarise(a, b), np.concatenate([a, b]))


def test_rows_do_not_touch_each_other_and_reset_empties_them() -> None:
    summary = Summary(3)
    summary.add(1, np.ones(5, dtype=np.float32))
    assert summary.counts.sum(axis=1).tolist() == [0, 5, 0]
    assert np.isnan(summary.moments().mean).tolist() == [True, False, True]
    summary.reset()
    assert summary.counts.sum() == 0
    assert np.isnan(summary.moments().minimum).all()


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64])
def test_every_dtype_is_taken_as_its_float32(dtype: torch.dtype) -> None:
    tensor = torch.linspace(-3, 3, 3001, dtype=torch.float64).to(dtype)
    assert_agrees(summarise(tensor), tensor.to(torch.float32).numpy())


def test_a_double_beyond_float32_counts_as_infinite() -> None:
    assert summarise(torch.tensor([1e300, -1e300], dtype=torch.float64)).counts[0, bins.POS_INF] == 1


@pytest.mark.parametrize(
    "view", [lambda t: t.T, lambda t: t[::2], lambda t: t[:, 3], lambda t: t[None].expand(4, 50, 60), lambda t: t.flip(0)]
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_view_that_is_not_contiguous_is_read_right(view, dtype) -> None:  # type: ignore[no-untyped-def]
    tensor = view(torch.linspace(-1, 1, 3000).reshape(50, 60).to(dtype))
    assert_agrees(summarise(tensor), tensor.contiguous().float().numpy())


def test_scalars_read_only_arrays_and_leaves_that_require_grad_are_taken() -> None:
    frozen = np.arange(6, dtype=np.float32)
    frozen.setflags(write=False)
    assert summarise(frozen).moments().mean[0] == 2.5
    assert summarise(torch.tensor(2.0)).moments().mean[0] == 2
    assert summarise(torch.nn.Parameter(torch.ones(3, 3))).moments().norm[0] == 3


def test_it_writes_nothing_to_what_it_reads() -> None:
    x = torch.tensor([0.0, np.nan, np.inf, 1e-45, 3.0])
    before = x.numpy().tobytes()
    summarise(x)
    assert x.numpy().tobytes() == before


@pytest.mark.parametrize("shape", [(1, 1, 1), (64, 7, 1), (5, 3, 17), (1, 40, 9), (2048, 2, 3)])
@pytest.mark.parametrize("offset", [0.0, 1e4])
def test_channel_moments_agree_with_numpy(shape: tuple[int, int, int], offset: float) -> None:
    x = (np.random.default_rng(0).standard_normal(shape) + offset).astype(np.float32)
    mean, variance = channel_moments(x, *x.shape)
    np.testing.assert_allclose(mean, x.astype(np.float64).mean(axis=(0, 2)), rtol=1e-10)
    np.testing.assert_allclose(variance, x.astype(np.float64).var(axis=(0, 2)), rtol=1e-9, atol=1e-12)


def test_a_channel_with_a_nan_says_so_and_the_others_do_not() -> None:
    x = np.ones((4, 2, 3), dtype=np.float32)
    x[1, 0, 2] = np.nan
    mean, variance = channel_moments(x, *x.shape)
    assert np.isnan([mean[0], variance[0]]).all()
    assert (mean[1], variance[1]) == (1, 0)


def test_channels_are_read_in_the_order_of_the_tensor_and_not_of_its_memory() -> None:
    x = torch.randn(4, 5, 6).transpose(0, 1)
    mean, _ = channel_moments(x, 5, 4, 6)
    np.testing.assert_allclose(mean, x.double().mean(dim=(0, 2)), rtol=1e-9)


def test_a_shape_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="20 values are no"):
        channel_moments(torch.ones(20), 4, 4, 2)


def test_no_samples_have_no_moments() -> None:
    assert np.isnan(channel_moments(np.ones((0, 3, 2), dtype=np.float32), 0, 3, 2)).all()


def test_warm_compiles_everything_that_a_step_calls() -> None:
    from dynascope import kernels

    warm()
    compiled = [len(f.signatures) for f in (kernels._summarise, kernels._derive, kernels._channels_at)]
    summarise(torch.randn(50, 60), low=-1.0, high=1.0)
    summarise(torch.randn(50, 60).T).moments()
    channel_moments(np.ones((2, 3, 4), dtype=np.float32), 2, 3, 4)
    assert [len(f.signatures) for f in (kernels._summarise, kernels._derive, kernels._channels_at)] == compiled == [1, 1, 1]


@settings(deadline=None)
@given(st.lists(float32s, max_size=5))
def test_the_norm_of_several_tensors_is_that_of_all_their_values(parts: list[np.ndarray]) -> None:
    values = np.concatenate([np.zeros(0), *parts]).astype(np.float64)
    assert norm([torch.from_numpy(part) for part in parts]) == pytest.approx(np.sqrt((values**2).sum()), rel=1e-12, nan_ok=True)


def test_the_norm_reads_tensors_of_any_layout() -> None:
    x = torch.arange(12.0).reshape(3, 4)
    assert norm([x.T, x[:, 1], x.double(), torch.ones(1).expand(5)]) == pytest.approx((506 * 2 + 1 + 25 + 81 + 5) ** 0.5)


@settings(deadline=None)
@given(st.integers(1, 20), st.integers(1, 5), st.integers(0, 999), st.booleans())
def test_hits_are_the_rows_whose_largest_output_is_the_target(n: int, classes: int, seed: int, strided: bool) -> None:
    rng = np.random.default_rng(seed)
    outputs = torch.from_numpy(rng.integers(-2, 3, (n, classes)).astype(np.float32)).requires_grad_()  # with ties
    targets = rng.integers(0, classes, n)
    seen = outputs.T.contiguous().T if strided else outputs
    given = torch.from_numpy(np.repeat(targets, 2))[::2] if strided else torch.from_numpy(targets)
    assert hits(seen, given) == sum(np.argmax(outputs.detach().numpy(), axis=1) == targets)


def test_hits_refuses_targets_that_do_not_fit() -> None:
    for outputs, targets in ((torch.ones(3, 2), torch.zeros(2, dtype=torch.int64)), (torch.ones(3, 2), torch.zeros(3))):
        with pytest.raises(ValueError, match="have no row for each of targets"):
            hits(outputs, targets)


def test_the_norm_of_all_gradients_is_that_of_their_values_whatever_is_missing_or_laid_out_otherwise() -> None:
    parameters = [torch.nn.Parameter(torch.randn(n, 3)) for n in (2, 5)] + [torch.nn.Parameter(torch.randn(4, 6).t())]
    for some in (parameters[:2], parameters):
        measure = GradientNorm(some)
        for missing in (None, 0):
            for i, parameter in enumerate(some):
                parameter.grad = None if i == missing else torch.randn_like(parameter)
            held = [p.grad.double().flatten() for p in some if p.grad is not None]
            assert measure() == pytest.approx(torch.cat(held).norm().item(), rel=1e-6)


@pytest.mark.parametrize("scale", [1e-45, 1e-38, 1e-23, 1e-16, 1.0, 1e18, 1e22, 1e38])
@pytest.mark.parametrize("n", [1, 5000])
def test_a_distance_of_any_size_agrees_with_numpy(scale: float, n: int) -> None:
    generator = np.random.default_rng(0)
    a, b = ((generator.uniform(-2, 2, n) * scale).astype(np.float32) for _ in range(2))
    a[: n // 2] = b[: n // 2]  # whole blocks that are equal
    expected = np.linalg.norm(a.astype(np.float64) - b.astype(np.float64))
    assert distance(torch.from_numpy(a), torch.from_numpy(b)) == pytest.approx(expected, rel=1e-5, abs=0)
