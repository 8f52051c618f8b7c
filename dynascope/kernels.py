"""One-pass moments and histogram of a tensor, at about two nanoseconds an element on one CPU core.

Nothing here starts a thread, touches an RNG or makes a torch operation beyond a view, so that a probe may call it
between any two lines of a training loop.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from llvmlite import ir  # type: ignore[import-untyped]
from numba import njit
from numba.extending import intrinsic

from dynascope import bins

# numba's cache knows this file's time stamp alone: save it again when bins.py changes (the tests fail until then).
_SHIFT = np.uint32(bins.SHIFT)
_ZERO, _NAN, _SIDE = bins.ZERO, bins.NAN, bins.SIDE
_SLOTS = bins.SLOTS
# Both entries that exact zero shares with the tiniest subnormals count as zero; `_move_tiny` puts those right.
_TABLE = bins.table()
_TABLE[[0, len(_TABLE) // 2]] = bins.ZERO

_BLOCK = 2048  # 8 KB: with the 16 KB table and 3 KB of counters it stays in a 32 KB L1 cache

#: Columns of `Summary.moments`.
N, MEAN, M2, MIN, MAX, OUTSIDE, ZEROS, NONFINITE = range(8)
_EMPTY = np.array([0, 0, 0, np.inf, -np.inf, 0, 0, 0], dtype=np.float64)


@njit(nogil=True, cache=True, boundscheck=False)
def _count(bits, counters):  # type: ignore[no-untyped-def]
    """Four interleaved counters: equal neighbours do not wait for each other's store."""
    quads = bits.size >> 2
    for quad in range(quads):
        i = quad << 2
        a, b = _TABLE[bits[i] >> _SHIFT], _TABLE[bits[i + 1] >> _SHIFT]
        c, d = _TABLE[bits[i + 2] >> _SHIFT], _TABLE[bits[i + 3] >> _SHIFT]
        counters[0, a] += 1
        counters[1, b] += 1
        counters[2, c] += 1
        counters[3, d] += 1
    for i in range(quads << 2, bits.size):
        counters[0, _TABLE[bits[i] >> _SHIFT]] += 1


@njit(nogil=True, cache=True, boundscheck=False, fastmath={"reassoc", "contract"})
def _sums(block, shift):  # type: ignore[no-untyped-def]
    """Σ(x − shift), Σ(x − shift)²; not finite if and only if a value is not (float64 holds any float32's square)."""
    total, squares = 0.0, 0.0
    for i in range(block.size):
        d = np.float64(block[i]) - shift
        total += d
        squares += d * d
    return total, squares


def _without_nan(name: str) -> Callable[..., Any]:
    """LLVM's own min or max: written as a comparison, numba's select bears no flags and the loop is not vectorised."""

    def intrinsic_for(_: Any, a: Any, b: Any) -> tuple[Any, Callable[..., Any]]:
        def lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            kind = args[0].type
            declared = builder.module.declare_intrinsic(name, [kind], ir.FunctionType(kind, [kind, kind]))
            return builder.call(declared, args, fastmath=("nnan", "nsz"))

        return a(a, b), lower

    return intrinsic(intrinsic_for)


_least, _most = _without_nan("llvm.minnum"), _without_nan("llvm.maxnum")


@njit(nogil=True, cache=True, boundscheck=False, fastmath={"reassoc", "contract", "nnan", "nsz"})
def _extremes(block, low, high):  # type: ignore[no-untyped-def]
    """Min, max, outside and zeros of a block without NaN. float32 counters are exact there and keep all lanes 32 bits wide."""
    least, most, outside, zeros = block[0], block[0], np.float32(0), np.float32(0)
    for i in range(block.size):
        value = block[i]
        least, most = _least(value, least), _most(value, most)
        outside += np.float32(value < low) + np.float32(value > high)
        zeros += np.float32(value == np.float32(0))
    return least, most, outside, zeros


@njit(nogil=True, cache=True, boundscheck=False)
def _merge(moments, n, mean, m2):  # type: ignore[no-untyped-def]
    """Chan, Golub & LeVeque 1983: the mean and Σ(x − mean)² of two parts taken together."""
    total = moments[N] + n
    delta = mean - moments[MEAN]
    moments[MEAN] += delta * (n / total)
    moments[M2] += m2 + delta * delta * (moments[N] * n / total)
    moments[N] = total


@njit(nogil=True, cache=True, boundscheck=False)
def _add_with_exceptions(block, bits, low, high, counters, moments):  # type: ignore[no-untyped-def]
    """The slow path of a block that holds NaN or ±Inf: the table has counted both as ±Inf."""
    for i in range(block.size):
        value = np.float64(block[i])
        if value - value == 0.0:
            _merge(moments, 1.0, value, 0.0)
            moments[MIN] = min(moments[MIN], value)
            moments[MAX] = max(moments[MAX], value)
            moments[OUTSIDE] += (block[i] < low) | (block[i] > high)
            moments[ZEROS] += value == 0.0
        else:
            moments[NONFINITE] += 1
            if value != value:
                counters[0, _TABLE[bits[i] >> _SHIFT]] -= 1
                counters[0, _NAN] += 1


@njit(nogil=True, cache=True, boundscheck=False)
def _move_tiny(bits, counts):  # type: ignore[no-untyped-def]
    """Subnormals below 2^-131 were counted as zero: they belong to the bins next to it."""
    for i in range(bits.size):
        magnitude = bits[i] & np.uint32(0x7FFFFFFF)
        if magnitude != 0 and magnitude >> _SHIFT == 0:
            counts[_ZERO] -= 1
            counts[_ZERO - 1 if bits[i] >> np.uint32(31) else _ZERO + 1] += 1


@njit(nogil=True, cache=True, boundscheck=False)
def _summarise(x, lower, upper, counts, moments):  # type: ignore[no-untyped-def]
    low, high = np.float32(lower), np.float32(upper)
    bits = x.view(np.uint32)
    counters = np.zeros((4, _SLOTS), dtype=np.uint32)
    zeros_before = moments[ZEROS]
    for start in range(0, x.size, _BLOCK):
        stop = min(start + _BLOCK, x.size)
        _count(bits[start:stop], counters)
        shift = np.float64(x[start])  # a value of the block: its distance from the mean is at most √n standard deviations
        total, squares = _sums(x[start:stop], shift)
        if squares - squares == 0.0:
            n = stop - start
            least, most, outside, zeros = _extremes(x[start:stop], low, high)
            _merge(moments, np.float64(n), shift + total / n, max(squares - total * total / n, 0.0))
            moments[MIN] = min(moments[MIN], np.float64(least))
            moments[MAX] = max(moments[MAX], np.float64(most))
            moments[OUTSIDE] += outside
            moments[ZEROS] += zeros
        else:
            _add_with_exceptions(x[start:stop], bits[start:stop], low, high, counters, moments)
    counted_as_zero = np.int64(0)
    for lane in range(4):
        counted_as_zero += counters[lane, _ZERO]
        for slot in range(_SLOTS):
            counts[slot] += counters[lane, slot]
    if counted_as_zero != moments[ZEROS] - zeros_before:
        _move_tiny(bits, counts)


@njit(nogil=True, cache=True, boundscheck=False, fastmath={"reassoc", "contract"})
def _channels(x, mean, variance):  # type: ignore[no-untyped-def]
    """x[n, c, s] → moments over n and s, shifted by each channel's first value."""
    n, channels, extent = x.shape
    if extent == 1:
        for i in range(n):
            for c in range(channels):
                d = np.float64(x[i, c, 0]) - np.float64(x[0, c, 0])
                mean[c] += d
                variance[c] += d * d
    else:
        for i in range(n):
            for c in range(channels):
                shift, total, squares = np.float64(x[0, c, 0]), 0.0, 0.0
                for s in range(extent):
                    d = np.float64(x[i, c, s]) - shift
                    total += d
                    squares += d * d
                mean[c] += total
                variance[c] += squares
    count = n * extent
    for c in range(channels):
        deviation = mean[c] / count
        mean[c] = np.float64(x[0, c, 0]) + deviation
        variance[c] = max(variance[c] / count - deviation * deviation, 0.0)


class Summary:
    """Counts and moments of `rows` sets of values; adding twice to a row is adding the values together.

    `counts`: uint32[rows, bins.SLOTS]; `moments`: float64[rows, 8], its columns named above, over finite values (M2 is
    Σ(x − mean)², OUTSIDE counts x < low or x > high, ZEROS is exact zeros of both signs). What a row without a finite
    value has no answer to is NaN.
    """

    def __init__(self, rows: int) -> None:
        self.counts = np.zeros((rows, bins.SLOTS), dtype=np.uint32)
        self.moments = np.tile(_EMPTY, (rows, 1))

    def reset(self) -> None:
        self.counts[:] = 0
        self.moments[:] = _EMPTY

    def add(self, row: int, values: torch.Tensor | np.ndarray, low: float = -np.inf, high: float = np.inf) -> None:
        """One pass over `values`, of any shape and dtype. `low` and `high` are compared in float32."""
        flat = as_float32(values).ravel(order="K")
        _summarise(flat, low, high, self.counts[row], self.moments[row])

    @property
    def n(self) -> np.ndarray:
        """How many finite values each row has; NaN where none, so that what is divided by it is NaN too."""
        n = self.moments[:, N]
        return np.where(n > 0, n, np.nan)

    @property
    def mean(self) -> np.ndarray:
        return np.where(self.moments[:, N] > 0, self.moments[:, MEAN], np.nan)

    @property
    def variance(self) -> np.ndarray:
        """Biased: divided by n."""
        return self.moments[:, M2] / self.n

    @property
    def std(self) -> np.ndarray:
        return np.sqrt(self.variance)

    @property
    def minimum(self) -> np.ndarray:
        return np.where(self.moments[:, N] > 0, self.moments[:, MIN], np.nan)

    @property
    def maximum(self) -> np.ndarray:
        return np.where(self.moments[:, N] > 0, self.moments[:, MAX], np.nan)

    @property
    def sum_of_squares(self) -> np.ndarray:
        n = self.n
        return self.moments[:, M2] + n * self.moments[:, MEAN] ** 2

    @property
    def norm(self) -> np.ndarray:
        return np.sqrt(self.sum_of_squares)

    @property
    def outside(self) -> np.ndarray:
        """The fraction beyond the thresholds."""
        return self.moments[:, OUTSIDE] / self.n

    @property
    def zeros(self) -> np.ndarray:
        """The fraction that is exactly zero."""
        return self.moments[:, ZEROS] / self.n

    @property
    def nonfinite(self) -> np.ndarray:
        """How many values are NaN or ±Inf."""
        return self.moments[:, NONFINITE]


def channel_moments(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and biased variance over axes 0 and 2 of float32[n, c, s], both float64[c]; NaN where a value is not finite."""
    x = np.ascontiguousarray(values, dtype=np.float32)
    mean, variance = np.zeros(x.shape[1]), np.zeros(x.shape[1])
    if x.size == 0:
        return np.full(x.shape[1], np.nan), np.full(x.shape[1], np.nan)
    _channels(x, mean, variance)
    return mean, variance


def as_float32(values: torch.Tensor | np.ndarray) -> np.ndarray:
    """A float32 array of the same shape: a view wherever the values are float32 on the CPU. A GPU waits here for the copy."""
    if isinstance(values, torch.Tensor):
        values = _as_numpy(values.detach())
    if values.dtype == np.float32:
        return values if values.flags.writeable else values.copy()  # numba would compile the kernel again for a read-only one
    with np.errstate(over="ignore"):
        return values.astype(np.float32)


def _as_numpy(tensor: torch.Tensor) -> np.ndarray:
    if tensor.device.type != "cpu":
        tensor = tensor.cpu()
    if tensor.dtype == torch.bfloat16:  # numpy has none; it is the upper half of a float32
        return (tensor.view(torch.int16).numpy().astype(np.uint32) << 16).view(np.float32)
    return tensor.numpy()


def warm() -> None:
    """Compile or load every kernel now, so that a forked child finds them ready."""
    Summary(1).add(0, np.array([np.nan, 1e-45, 1.0], dtype=np.float32))
    channel_moments(np.ones((1, 1, 1), dtype=np.float32))
