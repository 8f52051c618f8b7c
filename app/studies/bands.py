"""Statistics over the seeds of a cell: mean, median, quantiles, and an interval of the mean. Pure numpy.

The interval of a mean is the percentile bootstrap (Efron 1979): n values are drawn with replacement, RESAMPLES times; the
interval is the 2.5 % and the 97.5 % quantile of the means. The draws depend only on the number of values, and values are
sorted first, so the same values give the same interval, in whatever order they come.
"""

from functools import lru_cache
from typing import Any

import numpy as np

RESAMPLES, SEED = 2000, 20
LEVEL = (0.025, 0.975)
COLUMNS = ("mean", "median", "low", "high", "q10", "q90")


@lru_cache(maxsize=64)
def _weights(n: int) -> np.ndarray:
    """float64[RESAMPLES, n]: the share of each of n values in each resample."""
    drawn = np.random.default_rng([SEED, n]).integers(0, n, (RESAMPLES, n))
    counts = np.zeros((RESAMPLES, n))
    np.add.at(counts, (np.arange(RESAMPLES)[:, None], drawn), 1.0)
    return counts / n


def summary(values: np.ndarray) -> dict[str, np.ndarray]:
    """Columns over the first axis of float64[seeds, points], without NaN and infinities.

    `n`: number of finite values; `mean`, `median`, `q10`, `q90`: NaN if there is none; `low` and `high` of the mean: NaN for fewer
    than two, because one value says nothing about the spread.
    """
    points = values.shape[1]
    ordered = np.sort(np.where(np.isfinite(values), values, np.nan), axis=0)  # NaN last
    count = np.isfinite(ordered).sum(axis=0)
    out = {name: np.full(points, np.nan) for name in COLUMNS}
    for n in np.unique(count[count > 0]).tolist():
        at = count == n
        held = ordered[:n, at]
        out["mean"][at] = held.mean(axis=0)
        out["q10"][at], out["median"][at], out["q90"][at] = np.quantile(held, (0.1, 0.5, 0.9), axis=0)
        if n > 1:
            out["low"][at], out["high"][at] = interval(held)
    return {"n": count, **out}


def interval(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The interval of the mean over the first axis of float64[n, points], sorted along it, all finite."""
    means = np.ascontiguousarray((_weights(len(values)) @ values).T)  # one row per point: faster to partition
    low, high = np.quantile(means, LEVEL, axis=1)
    return low, high


def of_table(rows: dict[str, list[float | None]]) -> dict[str, dict[str, Any]]:
    """The same for rows of one value per seed (None if missing); as JSON, with the values themselves."""
    if not rows:
        return {}
    told = summary(np.array([[np.nan if v is None else v for v in row] for row in rows.values()], dtype=np.float64).T)
    return {
        name: {"n": int(told["n"][i]), **{column: finite(told[column][i]) for column in COLUMNS}, "values": row}
        for i, (name, row) in enumerate(rows.items())
    }


def finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
