"""Results over the finished runs of a study: bias and variance of each cell, and the path along λ."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from app.api.studies import Axis
from app.deps import ComparisonsDep, StudiesDep
from app.words.problems import documented

router = APIRouter(prefix="/studies/{id}", tags=["studies"])
Words = dict[str, str]
Kind = Literal["squared", "cross_entropy", "zero_one"]
Value = float | None
Along = Annotated[str | None, Query(max_length=200, description="Path of the axis to go along; without one, the first that fits.")]


class KindTold(BaseModel):
    """A decomposition that can be computed from these runs."""

    kind: Kind
    label: Words
    text: Words = Field(description="The formula in words, and its conventions.")
    terms: dict[str, Words] = Field(description="What `bias2` and `variance` are called in it.")
    source: str
    by: str


class CellTerms(BaseModel):
    """Means over the test examples; null for fewer than two runs. The terms add up to `error`."""

    cell: int
    values: dict[str, Any] = Field(description="Path → value of every axis.")
    capacity: Any = Field(description="The value on the axis that is gone along.")
    n: int = Field(description="Runs that have finished, 300 at most.")
    reason: str | None = Field(None, description="Why there are no terms where runs have finished: they predict something else.")
    examples: int | None = Field(None, description="Test examples that were compared, 2,048 at most.")
    bias2: Value = Field(None, description="What so few runs would show of it by chance is subtracted: it may be slightly negative.")
    variance: Value = None
    noise: Value = Field(
        None, description="The variance of y about the noiseless function; null where that isn't known, and then part of bias."
    )
    error: Value = Field(None, description="bias2 + variance + noise.")
    measured: Value = Field(None, description="The mean error on the test set as it is: with a known noise it differs by how that fell.")
    parts: dict[str, float] = Field(
        default_factory=dict, description="Of 0-1 loss: variance where the main prediction is right (`unbiased`), and wrong (`biased`)."
    )
    low: dict[str, float] = Field(default_factory=dict, description="Of bias2, variance and error: 95 % bootstrap interval over runs.")
    high: dict[str, float] = Field(default_factory=dict)


class CellCurves(BaseModel):
    cell: int
    x: list[Value]
    mean: list[Value] = Field(description="Over the runs; null where fewer than half of them are known.")
    runs: list[list[Value]] = Field(description="Of 30 runs at most; null beyond what a run's own training set spans.")


class Points(BaseModel):
    x: list[Value]
    y: list[Value]


class Curves(BaseModel):
    """Fitted curves over one input, with four significant digits."""

    x: list[Value]
    truth: list[Value] | None = Field(description="The noiseless function, where it is known.")
    points: Points = Field(description="Test examples, 300 at most.")
    by: list[CellCurves]


class Decomposition(BaseModel):
    kind: Kind | None = Field(description="Which one this is; null where nothing has finished yet.")
    kinds: list[KindTold] = Field(description="Those that can be asked for; the first is the one of the loss.")
    axis: Axis | None
    resample: str = Field(description="How the base draws training sets; none: what varies is initialisation and order alone.")
    by: list[CellTerms]
    curves: Curves | None


class Band(BaseModel):
    """A mean over seeds and its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float


class PathPoint(BaseModel):
    cell: int
    strength: float = Field(alias="lambda")
    n: int
    norm: float = Field(description="√Σw² of all penalised weights, a mean over seeds, as zeros and nonzeros are.")
    zeros: float = Field(description="Weights that are exactly zero.")
    nonzeros: float
    weights: list[float] | None = Field(description="Of the first layer, where it has 512 at most.")
    train: Band | None
    val: Band | None
    test: Band | None


class End(BaseModel):
    verdict: Literal["overfit", "underfit", "fits"]
    strength: float = Field(description="Its λ.")
    seeds: int = Field(description="Seeds that are there both here and at the best λ.")
    evidence: dict[str, Band] = Field(
        description="train, val: by how much the error is larger than at the best λ, paired by seed. Overfit: val is 5 % worse or more, "
        "its whole interval above 0, and train's below 0. Underfit: both above 0."
    )


class Ends(BaseModel):
    low: End
    high: End


class Best(BaseModel):
    strength: float = Field(alias="lambda")
    val: float


class Path(BaseModel):
    axis: Axis
    lines: list[dict[str, Any]] = Field(
        description="The other axes' values: each is a path of its own; this is the one that was asked for."
    )
    metric: Literal["loss", "error"]
    by: list[PathPoint] = Field(description="By λ.")
    best: Best | None = Field(description="The λ of least mean validation error.")
    ends: Ends | None
    true: list[float] | None = Field(description="The weights that made the data, where they are known and all runs share them.")
    weights_of: Literal["median", "first seed"] = Field(description="A median over seeds where all share a split and there is one layer.")


@router.get("/decomposition", responses=documented(401, 404, 409, 422))
async def decomposition(
    id: str,
    studies: StudiesDep,
    comparisons: ComparisonsDep,
    kind: Annotated[Kind | None, Query(description="Without one, the loss's own.")] = None,
    axis: Along = None,
    curves: Annotated[bool, Query(description="Whether the fitted curves are told too.")] = True,
) -> Decomposition:
    """Bias and variance of each cell, from the runs that have finished so far.

    409 if the runs have no common test set: the base needs `data.split_seed`, and `data.resample` says what varies.
    """
    return Decomposition(**await comparisons.decomposition(await studies.one(id), kind, axis, curves))


@router.get("/path", responses=documented(401, 404, 409, 422))
async def path(
    id: str,
    studies: StudiesDep,
    comparisons: ComparisonsDep,
    axis: Along = None,
    metric: Annotated[Literal["loss", "error"], Query(description="error: the share that is wrong, of classes.")] = "loss",
    line: Annotated[int, Query(ge=0, le=1000, description="Which of `lines`.")] = 0,
) -> Path:
    """Weights and errors along λ, from the runs that have finished so far. 409 if no axis is penalty.l1 or penalty.l2."""
    return Path(**await comparisons.path(await studies.one(id), axis, metric, line))
