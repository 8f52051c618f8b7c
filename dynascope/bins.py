"""The one definition of the fixed symlog bins.

Every histogram of every layer, step and run is counted over the same bins, so counts can be added, subtracted and
compared. A bin is found from a float32's own bits: sign, eight exponent bits and the five highest mantissa bits select
an entry of `table`. There are two bins per octave between 2^-32 and 2^16; the lower edges in octave e are 2^e and 45/32·2^e
(45/32 is the nearest five-bit mantissa to √2, so both halves are about equally wide in log x).

Slots, in the order of the number line and then the exceptions::

    0 .. SIDE-1            negative, from the largest magnitude to the smallest
    SIDE                   exact zero (both signs)
    SIDE+1 .. 2*SIDE       positive, from the smallest magnitude to the largest
    NAN, NEG_INF, POS_INF  the last three

The bins next to zero extend down to zero, and the outermost two extend to ±infinity.
"""

import numpy as np

VERSION = 1
MIN_EXPONENT, MAX_EXPONENT = -32, 16
_SPLIT = 45 / 32
_MANTISSA_BITS = 5

SIDE = 2 * (MAX_EXPONENT - MIN_EXPONENT)
ZERO = SIDE
NAN, NEG_INF, POS_INF = 2 * SIDE + 1, 2 * SIDE + 2, 2 * SIDE + 3
SLOTS = 2 * SIDE + 4

#: Number of bits by which a float32's bits are shifted to the right to index `table`.
SHIFT = 23 - _MANTISSA_BITS


def magnitudes() -> np.ndarray:
    """Lower edges of the positive bins, ascending, `float64[SIDE]`. The first is 0: that bin extends down to zero."""
    octaves = 2.0 ** np.arange(MIN_EXPONENT, MAX_EXPONENT)
    lower = np.stack([octaves, octaves * _SPLIT], axis=1).ravel()
    lower[0] = 0.0
    return lower


def edges() -> tuple[np.ndarray, np.ndarray]:
    """`(low, high)` of every slot on the number line, `float64[2*SIDE+1]` each.

    Positive bins are [low, high), negative ones (low, high], the zero slot is [0, 0].
    """
    lower = magnitudes()
    upper = np.append(lower[1:], np.inf)
    low = np.concatenate([-upper[::-1], [0.0], lower])
    high = np.concatenate([-lower[::-1], [0.0], upper])
    return low, high


def table() -> np.ndarray:
    """`uint8[2**14]`: the slot of a float32 by `bits >> SHIFT`.

    Zero, subnormals and ±inf share an entry with other values; a counter must check for exact zero and for exponent 255
    itself (`slot` shows how).
    """
    count = 1 << (9 + _MANTISSA_BITS)
    bits = (np.arange(count, dtype=np.uint64) << np.uint64(SHIFT)).astype(np.uint32)
    with np.errstate(invalid="ignore"):
        value = np.abs(bits.view(np.float32)).astype(np.float64)
    rank = np.searchsorted(magnitudes(), value, side="right") - 1
    rank = np.clip(rank, 0, SIDE - 1)
    negative = np.arange(count) >= count // 2
    slots = np.where(negative, SIDE - 1 - rank, SIDE + 1 + rank)
    special = ~np.isfinite(value)
    slots[special & negative] = NEG_INF
    slots[special & ~negative] = POS_INF
    return slots.astype(np.uint8)


def slot(values: np.ndarray) -> np.ndarray:
    """The slot of each value, `uint8` of the same shape: the slow, plain definition; kernels must give the same result."""
    x = np.asarray(values, dtype=np.float32)
    slots = table()[x.view(np.uint32) >> SHIFT]
    slots = np.where(x == 0, np.uint8(ZERO), slots)
    return np.where(np.isnan(x), np.uint8(NAN), slots).astype(np.uint8)


def describe() -> dict[str, object]:
    """The bins as published in the catalogue: version, edges (null for an infinite edge) and the exceptional slots."""
    low, high = edges()
    return {
        "version": VERSION,
        "low": [None if np.isinf(x) else float(x) for x in low],
        "high": [None if np.isinf(x) else float(x) for x in high],
        "zero": ZERO,
        "nan": NAN,
        "neg_inf": NEG_INF,
        "pos_inf": POS_INF,
        "slots": SLOTS,
    }
