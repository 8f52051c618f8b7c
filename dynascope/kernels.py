"""One-pass moments and histogram of a tensor, at about two nanoseconds per element on one CPU core.

No function here starts a thread, uses an RNG or runs a torch operation other than a view, so a probe may call these
functions between any two lines of a training loop.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from llvmlite import ir  # type: ignore[import-untyped]
from numba import carray, njit, types
from numba.extending import intrinsic

from dynascope import bins

# numba's cache checks only this file's time stamp: save this file again when bins.py changes (the tests fail until then).
_SHIFT = np.uint32(bins.SHIFT)
_ZERO, _NAN, _SIDE = bins.ZERO, bins.NAN, bins.SIDE
_SLOTS = bins.SLOTS
# The two entries that exact zero shares with the smallest subnormals count as zero; `_move_tiny` corrects the subnormals.
_TABLE = bins.table()
_TABLE[[0, len(_TABLE) // 2]] = bins.ZERO

_PLAIN = (torch.Tensor, torch.nn.Parameter)  # for a subclass, the data pointer can have another meaning
_SMALLEST_NORMAL = float(np.finfo(np.float32).tiny)

#: Between these, a block's sum of squares has float32's full precision, even if terms are subnormal, and no term has overflowed.
_LEAST_SQUARES, _MOST_SQUARES = np.float32(1e-30), np.float32(1e38)

_BLOCK = 2048  # 8 KB: with the 16 KB table and 3 KB of counters, a block stays in a 32 KB L1 cache

# Columns of a summary's running state; M2 is Σ(x − mean)²
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
    """Σ(x − shift), Σ(x − shift)²; not finite if and only if a value is not finite (float64 can hold any float32's square)."""
    total, squares = 0.0, 0.0
    for i in range(block.size):
        d = np.float64(block[i]) - shift
        total += d
        squares += d * d
    return total, squares


def _without_nan(name: str) -> Callable[..., Any]:
    """LLVM's own min or max: for a comparison, numba emits a select without fast-math flags, and the loop is not vectorised."""

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
    """Min, max, outside and zeros of a block without NaN. float32 counters are exact for a block and keep all lanes 32 bits wide."""
    least, most, outside, zeros = block[0], block[0], np.float32(0), np.float32(0)
    for i in range(block.size):
        value = block[i]
        least, most = _least(value, least), _most(value, most)
        outside += np.float32(value < low) + np.float32(value > high)
        zeros += np.float32(value == np.float32(0))
    return least, most, outside, zeros


@njit(nogil=True, cache=True, boundscheck=False)
def _merge(moments, n, mean, m2):  # type: ignore[no-untyped-def]
    """The mean and Σ(x − mean)² of two parts combined (Chan, Golub & LeVeque 1983)."""
    total = moments[N] + n
    delta = mean - moments[MEAN]
    moments[MEAN] += delta * (n / total)
    moments[M2] += m2 + delta * delta * (moments[N] * n / total)
    moments[N] = total


@njit(nogil=True, cache=True, boundscheck=False)
def _add_with_exceptions(block, bits, low, high, counters, moments):  # type: ignore[no-untyped-def]
    """The slow path for a block that contains NaN or ±Inf: the table has counted both as ±Inf."""
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
    """Subnormals below 2^-131 were counted as zero: move them to the bins next to zero."""
    for i in range(bits.size):
        magnitude = bits[i] & np.uint32(0x7FFFFFFF)
        if magnitude != 0 and magnitude >> _SHIFT == 0:
            counts[_ZERO] -= 1
            counts[_ZERO - 1 if bits[i] >> np.uint32(31) else _ZERO + 1] += 1


def _pointer_to(kind: Any) -> Any:
    def intrinsic_for(_: Any, address: Any) -> tuple[Any, Callable[..., Any]]:
        def lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return builder.inttoptr(args[0], context.get_value_type(signature.return_type))

        return types.CPointer(kind)(address), lower

    return intrinsic(intrinsic_for)


_float32_at, _int64_at = _pointer_to(types.float32), _pointer_to(types.int64)


@njit(nogil=True, cache=True, boundscheck=False)
def _summarise(address, size, lower, upper, counts, moments):  # type: ignore[no-untyped-def]
    x = carray(_float32_at(address), (size,), np.float32)
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


@njit(nogil=True, cache=True, boundscheck=False, error_model="numpy")
def _derive(state, out):  # type: ignore[no-untyped-def]
    for row in range(state.shape[0]):
        s = state[row]
        out[0, row], out[10, row] = s[N], s[NONFINITE]
        n = s[N] if s[N] > 0 else np.nan
        no_answer = n - n
        out[1, row] = s[MEAN] + no_answer
        out[2, row] = s[M2] / n
        out[3, row] = np.sqrt(s[M2] / n)
        out[4, row] = s[MIN] + no_answer
        out[5, row] = s[MAX] + no_answer
        out[6, row] = s[M2] + n * s[MEAN] * s[MEAN]
        out[7, row] = np.sqrt(out[6, row])
        out[8, row] = s[OUTSIDE] / n
        out[9, row] = s[ZEROS] / n


@njit(nogil=True, cache=True, boundscheck=False, fastmath={"reassoc", "contract"})
def _channels(x, mean, variance):  # type: ignore[no-untyped-def]
    """x[n, c, s] → moments over n and s, shifted by each channel's first value."""
    n, channels, extent = x.shape
    for i in range(n):
        if extent == 1:
            for c in range(channels):
                d = np.float64(x[i, c, 0]) - np.float64(x[0, c, 0])
                mean[c] += d
                variance[c] += d * d
        else:
            for c in range(channels):
                total, squares = _sums(x[i, c], np.float64(x[0, c, 0]))
                mean[c] += total
                variance[c] += squares
    count = n * extent
    for c in range(channels):
        deviation = mean[c] / count
        mean[c] = np.float64(x[0, c, 0]) + deviation
        variance[c] = max(variance[c] / count - deviation * deviation, 0.0)


@njit(nogil=True, cache=True, boundscheck=False)
def _channels_at(address, n, channels, extent, mean, variance):  # type: ignore[no-untyped-def]
    _channels(carray(_float32_at(address), (n, channels, extent), np.float32), mean, variance)


@njit(nogil=True, cache=True, boundscheck=False, error_model="numpy")
def _against_at(address, n, channels, extent, mean_address, variance_address, least_variance):  # type: ignore[no-untyped-def]
    mean, variance = np.zeros(channels), np.zeros(channels)
    _channels(carray(_float32_at(address), (n, channels, extent), np.float32), mean, variance)
    running_mean = carray(_float32_at(mean_address), (channels,), np.float32)
    running_variance = carray(_float32_at(variance_address), (channels,), np.float32)
    unbiased = n * extent / (n * extent - 1)
    shift, log_ratio = 0.0, 0.0
    for c in range(channels):
        running = max(np.float64(running_variance[c]), least_variance)
        shift += abs(mean[c] - running_mean[c]) / np.sqrt(running)
        log_ratio += np.log(max(variance[c] * unbiased, least_variance) / running)
    return shift / channels, log_ratio / channels


@njit(nogil=True, cache=True, boundscheck=False, fastmath={"reassoc", "contract"})
def _squared_distance(a, b):  # type: ignore[no-untyped-def]
    total = 0.0
    for i in range(a.size):
        d = np.float64(a[i]) - np.float64(b[i])
        total += d * d
    return total


@njit(nogil=True, cache=True, boundscheck=False, fastmath={"reassoc", "contract"})
def _distance(first, second, size):  # type: ignore[no-untyped-def]
    """Computed in float32, which has twice as many lanes; again in float64 for a block whose squares are near or outside its range."""
    a, b = carray(_float32_at(first), (size,), np.float32), carray(_float32_at(second), (size,), np.float32)
    total = np.float32(0)
    squares = 0.0
    for start in range(0, size, _BLOCK):
        stop = min(start + _BLOCK, size)
        total = np.float32(0)
        for i in range(start, stop):
            d = a[i] - b[i]
            total += d * d
        if total > _LEAST_SQUARES and total < _MOST_SQUARES:
            squares += np.float64(total)
        else:
            squares += _squared_distance(a[start:stop], b[start:stop])
    return np.sqrt(squares)


@njit(nogil=True, cache=True, boundscheck=False, fastmath={"nnan", "nsz"})
def _mark_alive(address, n, channels, extent, alive):  # type: ignore[no-untyped-def]
    """Uses each channel's largest value, computed in eight lanes in parallel."""
    x = carray(_float32_at(address), (n, channels, extent), np.float32)
    largest = np.zeros(channels, dtype=np.float32)
    for i in range(n):
        if extent == 1:
            for j in range(channels):
                largest[j] = _most(x[i, j, 0], largest[j])
        else:
            for j in range(channels):
                top = largest[j]
                for k in range(extent):
                    top = _most(x[i, j, k], top)
                largest[j] = top
    for j in range(channels):
        alive[j] |= largest[j] > np.float32(0)


@njit(nogil=True, cache=True, boundscheck=False, fastmath={"reassoc", "contract"})
def _sum_of_squares(addresses, sizes):  # type: ignore[no-untyped-def]
    total = 0.0
    for i in range(addresses.size):
        x = carray(_float32_at(addresses[i]), (sizes[i],), np.float32)
        for j in range(x.size):
            total += np.float64(x[j]) * np.float64(x[j])
    return total


@njit(nogil=True, cache=True, boundscheck=False)
def _hits(address, classes, target_address, n):  # type: ignore[no-untyped-def]
    outputs = carray(_float32_at(address), (n, classes), np.float32)
    targets = carray(_int64_at(target_address), (n,), np.int64)
    hits = 0
    for i in range(n):
        best = 0
        for j in range(1, classes):
            if outputs[i, j] > outputs[i, best]:
                best = j
        hits += best == targets[i]
    return hits


class Moments(NamedTuple):
    """float64[rows] each, over finite values; NaN for a row without finite values."""

    n: np.ndarray
    mean: np.ndarray
    variance: np.ndarray  #: biased: divided by n
    std: np.ndarray
    minimum: np.ndarray
    maximum: np.ndarray
    sum_of_squares: np.ndarray
    norm: np.ndarray
    outside: np.ndarray  #: the fraction beyond the thresholds
    zeros: np.ndarray  #: the fraction that is exactly zero, of either sign
    nonfinite: np.ndarray  #: the number of values that are NaN or ±Inf


class Summary:
    """Counts and moments of `rows` sets of values. Two additions to a row give the same as one addition of all the values.

    `counts`: uint32[rows, bins.SLOTS].
    """

    def __init__(self, rows: int) -> None:
        self.counts = np.zeros((rows, bins.SLOTS), dtype=np.uint32)
        self._state = np.tile(_EMPTY, (rows, 1))

    def reset(self) -> None:
        self.counts[:] = 0
        self._state[:] = _EMPTY

    def add(self, row: int, values: torch.Tensor | np.ndarray, low: float = -np.inf, high: float = np.inf) -> None:
        """Add `values`, of any shape and dtype, read once as float32; x < low or x > high counts as outside."""
        address, size, _owner = _memory(values)
        _summarise(address, size, low, high, self.counts[row], self._state[row])

    def moments(self) -> Moments:
        derived = np.empty((len(Moments._fields), len(self._state)))
        _derive(self._state, derived)
        return Moments(*derived)


def channel_moments(values: torch.Tensor | np.ndarray, n: int, channels: int, extent: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and biased variance over n and extent of values read as [n, channels, extent], float64[channels] each.

    NaN for a channel with a value that is not finite, or without values.
    """
    if n * extent == 0:
        return np.full(channels, np.nan), np.full(channels, np.nan)
    address, size, _owner = _memory(values, in_order=True)
    if size != n * channels * extent:
        raise ValueError(f"{size} values are no [{n}, {channels}, {extent}]")
    mean, variance = np.zeros(channels), np.zeros(channels)
    _channels_at(address, n, channels, extent, mean, variance)
    return mean, variance


def against_running(
    values: torch.Tensor, n: int, channels: int, extent: int, running_mean: torch.Tensor, running_variance: torch.Tensor
) -> tuple[float, float]:
    """For a batch [n, channels, extent]: mean_j |μ_j − μ_run,j| / σ_run,j and mean_j ln(σ²_j / σ²_run,j), σ²_j with divisor N − 1.

    Variances below float32's smallest normal number are raised to it: the logarithm of a constant channel stays finite.
    """
    if n * extent < 2:
        return np.nan, np.nan
    address, size, _owner = _memory(values, in_order=True)
    if size != n * channels * extent or not running_mean.numel() == running_variance.numel() == channels:
        raise ValueError(f"{size} values are no [{n}, {channels}, {extent}] with {running_mean.numel()} running means")
    mean_address, _, _mean_owner = _memory(running_mean, in_order=True)
    variance_address, _, _variance_owner = _memory(running_variance, in_order=True)
    return _against_at(address, n, channels, extent, mean_address, variance_address, _SMALLEST_NORMAL)


def distance(first: torch.Tensor, second: torch.Tensor) -> float:
    """‖first − second‖ of two tensors of the same shape; each is read once."""
    a, size, _a_owner = _memory(first, in_order=True)
    b, other, _b_owner = _memory(second, in_order=True)
    if size != other:
        raise ValueError(f"{size} values against {other}")
    return float(_distance(a, b, size))


def norm(tensors: Iterable[torch.Tensor]) -> float:
    """The 2-norm of all values of all tensors, read once: it takes a third of torch's time for many small tensors."""
    memories = [_memory(tensor) for tensor in tensors]
    addresses, sizes = np.array([m[0] for m in memories], np.int64), np.array([m[1] for m in memories], np.int64)
    return float(np.sqrt(_sum_of_squares(addresses, sizes)))


class GradientNorm:
    """The 2-norm of all gradients of a set of parameters, for a loop that needs it at every step.

    Data that do not change from step to step are computed once: with 18 parameters, a fifth of the time of `norm`.
    """

    def __init__(self, parameters: Sequence[torch.nn.Parameter]) -> None:
        self._parameters = parameters
        self._sizes = np.array([p.numel() for p in parameters], np.int64)
        #: Autograd gives a gradient the memory layout and the type of its parameter.
        self._dense = all(type(p) in _PLAIN and p.dtype is torch.float32 and p.is_cpu and p.is_contiguous() for p in parameters)

    def __call__(self) -> float:
        addresses: list[int] = []
        for parameter in self._parameters:
            gradient = parameter.grad
            if not self._dense or gradient is None or gradient.is_sparse:
                return norm(p.grad for p in self._parameters if p.grad is not None)
            addresses.append(gradient.data_ptr())
        return math.sqrt(_sum_of_squares(np.array(addresses, np.int64), self._sizes))


def hits(outputs: torch.Tensor, targets: torch.Tensor) -> int:
    """Number of rows of `outputs`, float[n, classes], whose largest value (the first of equals) is at `targets`, int64[n]."""
    if outputs.ndim != 2 or targets.shape != outputs.shape[:1] or targets.dtype is not torch.int64:
        raise ValueError(f"outputs {tuple(outputs.shape)} have no row for each of targets {tuple(targets.shape)} {targets.dtype}")
    n, classes = outputs.shape
    address, size, _owner = _memory(outputs, in_order=True)
    if type(targets) not in _PLAIN or not (targets.is_cpu and targets.is_contiguous()):
        targets = torch.from_numpy(np.ascontiguousarray(_as_numpy(targets)))
    return int(_hits(address, classes, targets.data_ptr(), n)) if size else 0


def mark_alive(values: torch.Tensor, n: int, channels: int, extent: int, alive: np.ndarray) -> None:
    """Set `alive` (bool[channels]) for each channel with a value above zero in [n, channels, extent]."""
    address, size, _owner = _memory(values, in_order=True)
    if size != n * channels * extent or len(alive) != channels:
        raise ValueError(f"{size} values are no [{n}, {channels}, {extent}] for {len(alive)} channels")
    _mark_alive(address, n, channels, extent, alive)


def _memory(values: torch.Tensor | np.ndarray, in_order: bool = False) -> tuple[int, int, object]:
    """Address and number of float32 values, and the object to keep alive while they are read.

    A plain tensor takes 0.5 µs here; `tensor.numpy()` would take 3 µs, most of the cost for small layers.
    """
    if type(values) in _PLAIN and values.dtype is torch.float32 and values.is_cpu and values.is_contiguous():
        return values.data_ptr(), values.numel(), values
    array = as_float32(values)
    array = np.ascontiguousarray(array) if in_order else array.ravel(order="K")
    return array.__array_interface__["data"][0], array.size, array


def as_float32(values: torch.Tensor | np.ndarray) -> np.ndarray:
    """A float32 array of the same shape: a view if the values are float32 on the CPU. For a GPU tensor, this waits for the copy."""
    if isinstance(values, torch.Tensor):
        values = _as_numpy(values.detach())
    with np.errstate(over="ignore"):
        return values.astype(np.float32, copy=False)


def _as_numpy(tensor: torch.Tensor) -> np.ndarray:
    if not tensor.is_cpu:
        tensor = tensor.cpu()
    if tensor.dtype == torch.bfloat16:  # numpy has no bfloat16; it is the upper half of a float32
        return (tensor.view(torch.int16).numpy().astype(np.uint32) << 16).view(np.float32)
    return tensor.numpy()


def warm() -> None:
    """Compile or load every kernel now, so that a forked child finds them ready."""
    summary = Summary(1)
    summary.add(0, np.array([np.nan, 1e-45, 1.0], dtype=np.float32))
    summary.moments()
    channel_moments(np.ones(1, dtype=np.float32), 1, 1, 1)
    one = torch.ones(1)  # so small that torch fills it in this thread
    against_running(torch.ones(2), 2, 1, 1, one, one)
    distance(one, one)
    norm([one])
    hits(torch.ones(1, 1), torch.tensor([0]))
    mark_alive(one, 1, 1, 1, np.zeros(1, dtype=bool))
