"""RunSpec: the user's request, as data. No torch here: the server imports this module.

A choice of a part is `{"name": ..., "params": {...}}`. This module checks shapes and ranges; `trainer.plan` checks the names
and params with the registry, because each part declares its own.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, WrapValidator, model_validator
from pydantic_core import PydanticKnownError

from dynascope.sentence import NAME, Sentence, joined, said, say

LANGUAGES = ("en", "ko")


def described(
    default: Any,
    *,
    label: tuple[str, str],
    help: tuple[str, str],
    live: bool = False,
    scale: Literal["linear", "log"] = "linear",
    span: tuple[float, float] | None = None,
    choose: str | None = None,
    **constraints: Any,
) -> Any:
    """A pydantic field that also carries the texts and settings for a form, in English and Korean.

    `live`: can change during a run. `scale` and `span` describe a slider; a log slider whose field allows zero has a true
    zero at its left end. `choose` names the list from which a page offers values, such as `uploads/table`.
    """
    extra: dict[str, Any] = {
        "label": dict(zip(LANGUAGES, label, strict=True)),
        "help": dict(zip(LANGUAGES, help, strict=True)),
        "live": live,
        "scale": scale,
    }
    if span:
        extra["span"] = list(span)
    if choose:
        extra["choose"] = choose
    return Field(default, json_schema_extra=extra, **constraints)


class Strict(BaseModel):
    """Unknown fields, NaN and infinity are errors; a checked object can't be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Choice(Strict):
    name: str = Field(max_length=64, pattern=r"^[a-z][a-z0-9_]*$")
    params: dict[str, Any] = Field(default_factory=dict)


Share = Annotated[float, Field(gt=0, lt=1)]
Count = Annotated[int, Field(ge=1, strict=True)]
Size = Count | Share


class DataSpec(Choice):
    name: str = Field("digits", max_length=64, pattern=r"^[a-z][a-z0-9_]*$")
    batch_size: Literal["full"] | Annotated[int, Field(ge=1, le=1_000_000)] = described(
        64,
        label=("Batch size", "배치 크기"),
        help=("Examples in each update; full is the whole training set.", "갱신 한 번에 쓰는 예의 수. full은 훈련 데이터 전체."),
        scale="log",
        span=(1, 512),
    )
    train_size: Size | None = described(
        None,
        label=("Training examples", "훈련 데이터 수"),
        help=("A share or a count; empty takes all that remain.", "비율 또는 개수. 비우면 나머지 전부."),
    )
    val_size: Size = described(0.2, label=("Validation share", "검증 비율"), help=("A share or a count.", "비율 또는 개수."))
    test_size: Size = described(0.2, label=("Test share", "시험 비율"), help=("A share or a count.", "비율 또는 개수."))
    label_noise: float = described(
        0.0,
        label=("Label noise", "레이블 노이즈"),
        help=(
            "Share of training labels replaced by another class, drawn from the seed.",
            "다른 클래스로 바꾼 훈련 레이블의 비율. 시드로 정해진다.",
        ),
        ge=0,
        le=1,
        span=(0, 0.5),
    )
    split_seed: int | None = described(
        None,
        label=("Seed of the split", "분할의 시드"),
        help=(
            "Of the data, the split and the replaced labels: runs that share it share validation and test sets. Empty: the run's seed.",
            "데이터, 분할, 바꾼 레이블의 시드. 같으면 검증 데이터와 시험 데이터가 같다. 비우면 실행의 시드.",
        ),
        ge=0,
        lt=2**53,
    )
    resample: Literal["none", "bootstrap", "subsample", "fresh"] = described(
        "none",
        label=("Training set drawn anew", "훈련 데이터 다시 뽑기"),
        help=(
            "What the run's own seed draws from a shared split to train on. bootstrap: as many, with replacement; subsample: so many "
            "training examples of those that are there; fresh: new examples, of generated data.",
            "함께 쓰는 분할에서 실행의 시드로 훈련 데이터를 뽑는 방법. bootstrap은 같은 수를 복원 추출, subsample은 있는 것 중 "
            "훈련 데이터 수만큼, fresh는 생성하는 데이터를 새로 만든다.",
        ),
    )
    standardize: StrictBool = described(
        True,
        label=("Standardise", "표준화"),
        help=(
            "Shift and scale each feature, and a regression's target, by the training set's mean and deviation.",
            "훈련 데이터의 평균과 표준편차로 특징을, 회귀라면 목표값도 맞춘다.",
        ),
    )


class ModelSpec(Choice):
    name: str = Field("mlp", max_length=64, pattern=r"^[a-z][a-z0-9_]*$")
    activation: Choice = Choice(name="relu")


class InitSpec(Choice):
    name: str = Field("kaiming_normal", max_length=64, pattern=r"^[a-z][a-z0-9_]*$")


class NormSpec(Choice):
    name: str = Field("batch", max_length=64, pattern=r"^[a-z][a-z0-9_]*$")
    placement: Literal["before_activation", "after_activation"] = described(
        "before_activation",
        label=("Placement", "위치"),
        help=("Where the normalisation stands in each hidden layer.", "은닉층 안에서 정규화가 놓이는 곳."),
    )


class PenaltySpec(Strict):
    """`l1 · Σ|w| + l2 · Σw²`, over weights (ndim ≥ 2), added to the mean loss."""

    l1: float = described(
        0.0,
        label=("L1", "L1"),
        help=("λ of λ·Σ|w|, over weights alone.", "λ·Σ|w|의 λ. 가중치에만 적용한다."),
        live=True,
        scale="log",
        span=(1e-6, 1.0),
        ge=0,
        le=1e6,
    )
    l2: float = described(
        0.0,
        label=("L2", "L2"),
        help=("λ of λ·Σw² (not λ/2), over weights alone.", "λ·Σw²의 λ(λ/2가 아님). 가중치에만 적용한다."),
        live=True,
        scale="log",
        span=(1e-6, 1.0),
        ge=0,
        le=1e6,
    )
    method: str = Field("subgradient", max_length=64, pattern=r"^[a-z][a-z0-9_]*$")


class OptimizerSpec(Choice):
    name: str = Field("sgd", max_length=64, pattern=r"^[a-z][a-z0-9_]*$")
    schedule: Choice | None = described(
        None,
        label=("Schedule", "학습률 일정"),
        help=("How the learning rate runs over the run; off: constant.", "훈련 동안 학습률이 바뀌는 방식. 끄면 일정하다."),
    )
    clip_norm: Annotated[float, Field(gt=0)] | None = described(
        None,
        live=True,
        scale="log",
        span=(0.01, 100),
        label=("Clip gradient norm", "기울기 노름 자르기"),
        help=("Scale the whole gradient down to this norm where it is larger.", "전체 기울기의 노름이 이보다 크면 줄인다."),
    )


class EarlySpec(Strict):
    monitor: Literal["val/loss", "val/accuracy"] = described(
        "val/loss", label=("Watched", "지켜보는 값"), help=("What has to improve.", "나아져야 하는 값.")
    )
    patience: int = described(
        10,
        label=("Patience", "인내"),
        help=("Evaluations without improvement until the run ends.", "나아지지 않아도 기다리는 평가 횟수."),
        live=True,
        ge=1,
        le=1_000_000,
        span=(1, 50),
    )
    min_delta: float = described(
        0.0, label=("Least gain", "최소 개선"), help=("What counts as an improvement.", "나아졌다고 볼 최소 차이."), live=True, ge=0
    )
    restore_best: StrictBool = described(
        True,
        label=("Restore the best", "가장 좋은 상태로"),
        help=("End with the best state, not the last.", "마지막이 아니라 가장 좋은 상태로 끝낸다."),
    )


class StopSpec(Strict):
    max_epochs: int | None = described(
        20, label=("Epochs", "에폭"), help=("Passes over the training data.", "훈련 데이터를 도는 횟수."), live=True, ge=1, le=10_000_000
    )
    max_steps: int | None = described(
        None, label=("Steps", "스텝"), help=("Updates at most.", "갱신 횟수의 상한."), live=True, ge=1, le=1_000_000_000
    )
    early: EarlySpec | None = described(
        EarlySpec(),
        label=("Early stopping", "조기 중단"),
        help=(
            "End when validation no longer improves; where it is off, the step at which it would have ended is marked all the same.",
            "검증 값이 더 나아지지 않으면 끝낸다. 꺼도 끝났을 스텝은 표시한다.",
        ),
    )

    @model_validator(mode="after")
    def ends(self) -> "StopSpec":
        if self.max_epochs is None and self.max_steps is None:
            raise ValueError(say("a run must end: give max_epochs or max_steps"))
        return self


class ProbesSpec(Strict):
    budget: float = described(
        0.02,
        label=("Measuring budget", "측정 예산"),
        help=("Share of training time that measuring may take.", "측정에 쓸 수 있는 훈련 시간의 비율."),
        live=True,
        ge=0,
        le=1,
    )
    every: Literal["auto", "never"] | Annotated[int, Field(ge=1)] = "auto"
    select: Literal["default"] = "default"


class RunSpec(Strict):
    """The whole description of a run. `{}` is valid, and trains an MLP on digits."""

    name: str = Field("", max_length=200)
    tags: list[Annotated[str, Field(min_length=1, max_length=64)]] = Field(default_factory=list, max_length=50)
    notes: str = Field("", max_length=20_000)
    seed: int = Field(0, ge=0, lt=2**53)
    device: Literal["auto", "cpu"] = "auto"
    precision: Literal["float32"] = "float32"
    pace: float | None = described(
        None,
        label=("Speed", "속도"),
        help=("Steps a second at most; changes no number.", "초당 스텝 수의 상한. 결과는 바뀌지 않는다."),
        live=True,
        scale="log",
        span=(1, 3000),
        gt=0,
        le=1e6,
    )
    data: DataSpec = DataSpec()
    model: ModelSpec = ModelSpec()
    init: InitSpec = InitSpec()
    norm: NormSpec = NormSpec()
    penalty: PenaltySpec = PenaltySpec()
    loss: Literal["auto", "cross_entropy", "mse"] = described(
        "auto",
        label=("Loss", "손실"),
        help=(
            "Automatic: cross-entropy for classes, mean squared error for a regression. On classes mse is against one-hot targets.",
            "자동: 분류는 교차 엔트로피, 회귀는 평균 제곱 오차. 분류에서 mse는 원-핫 목표값에 대한 것이다.",
        ),
    )
    optimizer: OptimizerSpec = OptimizerSpec()
    stop: StopSpec = StopSpec()
    probes: ProbesSpec = ProbesSpec()


class FieldError(BaseModel):
    """One error in the given data."""

    loc: str = Field(description="Dotted path of the field, as `model.params.depth`.")
    msg: Annotated[str, WrapValidator(lambda text, check: text if isinstance(text, Sentence) else check(text))] = Field(
        description="What is wrong and what is allowed."
    )
    got: Any = Field(None, description="What was given.")


def told(errors: Iterable[FieldError]) -> Sentence:
    """All errors in one sentence, one field after the other."""
    return joined((say("{loc}: {msg}", loc=error.loc, msg=error.msg) for error in errors), "; ")


#: Pydantic's own messages for the errors that a spec or a request can have.
PYDANTIC = (
    "Field required",
    "Input should be greater than {gt}",
    "Input should be greater than or equal to {ge}",
    "Input should be less than {lt}",
    "Input should be less than or equal to {le}",
    "Input should be a multiple of {multiple_of}",
    "Input should be a finite number",
    "Input should be a valid integer",
    "Input should be a valid number",
    "Input should be a valid string",
    "Input should be a valid list",
    "Input should be a valid integer, unable to parse string as an integer",
    "Input should be a valid integer, got a number with a fractional part",
    "Unable to parse input string as an integer, exceeded maximum size",
    "Input should be a valid number, unable to parse string as a number",
    "Input should be a valid boolean, unable to interpret input",
    "Input should be {expected}",
    "String should match pattern '{pattern}'",
    "String should have at least {min_length} character{expected_plural}",
    "String should have at most {max_length} character{expected_plural}",
    "{field_type} should have at least {min_length} item{expected_plural} after validation, not {actual_length}",
    "{field_type} should have at most {max_length} item{expected_plural} after validation, not {actual_length}",
    "Value error, {error}",
    "JSON decode error",
    "Input should be None",
)


#: Fields that choose a part, at any place in a spec.
CHOICES = ("data", "model", "activation", "init", "norm", "optimizer", "schedule")


def words_of(error: Mapping[str, Any]) -> str:
    """The message of a pydantic error: pydantic's own words, unless they use Python terms for data written as JSON or YAML."""
    kind, loc, given = error["type"], error["loc"], error.get("input")
    if kind in ("model_attributes_type", "model_type") and loc and loc[-1] in CHOICES:
        word = given if isinstance(given, str) and given.isidentifier() else "..."
        return say('a choice is an object with a name: write {"name": "{word}"}', word=word)
    if kind in ("model_attributes_type", "model_type", "dict_type"):
        return say("an object is wanted here, with the fields by their names")
    if kind == "bool_type":
        return say("true or false is wanted, without quotes")
    if kind == "string_type" and isinstance(given, bool):
        return say("text is wanted; where a YAML file says no, off, yes or on, put the word in quotes")
    return _pydantic(error)


def _pydantic(error: Mapping[str, Any]) -> str:
    """A translatable sentence, if the error's kind and context give one."""
    text, context = error["msg"], error.get("ctx") or {}
    if text in PYDANTIC:  # includes FastAPI's own messages
        return Sentence(text, {})
    try:
        template = PydanticKnownError(error["type"], context).message_template
    except (KeyError, TypeError, ValueError):
        return str(text)
    most = context.get("min_length", context.get("max_length"))
    values = {name: _of_context(value) for name, value in context.items()} | {"expected_plural": "" if most == 1 else "s"}
    try:
        sentence = Sentence(template, {name: values[name] for name in NAME.findall(template)})
    except KeyError:
        return str(text)
    return sentence if sentence == text else str(text)


def _of_context(value: Any) -> str:
    """A value as pydantic writes it: a whole float as an integer, any other float without an exponent."""
    if isinstance(value, BaseException):
        return said(value)
    return f"{Decimal(repr(value)):f}".removesuffix(".0") if isinstance(value, float) else str(value)


def put_at(data: dict[str, Any], path: str, value: Any, optional: str | None = None) -> bool:
    """Set a value at a dotted path of a dumped spec; False if there is no such place. `optional`: a part that is created if it is None."""
    *way, last = path.split(".")
    node: Any = data
    for key in way:
        if optional and isinstance(node.get(key), type(None)):
            node[key] = {}
        node = node.get(key) if isinstance(node, dict) else None
    if not isinstance(node, dict):
        return False
    node[last] = value
    return True


def dotted(loc: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in loc)
