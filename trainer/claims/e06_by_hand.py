from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from trainer import registry
from trainer.claims import Bound, Claim, Curve, Found, Ran, Verdict, Words
from trainer.claims.drawing import generator

EPS, MOMENTUM, CHANNELS, GROUPS = 1e-5, 0.1, 6, 2
#: Shape of the positions for each number of axes.
POSITIONS: dict[int, tuple[int, ...]] = {0: (), 1: (7,), 2: (4, 5), 3: (3, 4, 2)}


class ByHand(Claim):
    id: ClassVar[str] = "E6"
    label: ClassVar[Words] = {"en": "The four normalisations by hand", "ko": "손으로 푸는 네 가지 정규화"}
    criterion: ClassVar[Words] = {
        "en": "Each worked tensor equals torch's to 1e-5; GN(1) = LN(C, H, W) and GN(C) = IN; Y has mean 0 and biased variance σ²/(σ² + ε).",
        "ko": "풀어 본 텐서가 모두 torch와 1e-5까지 같다. GN(1) = LN(C, H, W), GN(C) = IN. Y의 평균은 0, (편향) 분산은 σ²/(σ² + ε).",
    }
    bounds: ClassVar[tuple[Bound, ...]] = (
        Bound(
            "largest_difference",
            {"en": "largest difference from torch", "ko": "torch와의 가장 큰 차이"},
            above=None,
            below=1e-05,
            strict=False,
        ),
        Bound("gn1_ln", {"en": "max |GN(1) − LN(C, H, W)|", "ko": "최대 |GN(1) − LN(C, H, W)|"}, above=None, below=1e-05, strict=False),
        Bound("gnc_in", {"en": "max |GN(C) − IN|", "ko": "최대 |GN(C) − IN|"}, above=None, below=1e-05, strict=False),
        Bound("mean", {"en": "max |mean of Y|", "ko": "최대 |Y의 평균|"}, above=None, below=1e-05, strict=False),
        Bound(
            "variance", {"en": "max |var(Y) − σ²/(σ² + ε)|", "ko": "최대 |Y의 분산 − σ²/(σ² + ε)|"}, above=None, below=1e-05, strict=False
        ),
        Bound(
            "padding",
            {"en": "change of a token's LN by padding", "ko": "패딩에 따른 토큰 LN의 변화"},
            above=None,
            below=1e-05,
            strict=False,
        ),
        Bound("contrast", {"en": "max |IN(ax + b) − IN(x)|", "ko": "최대 |IN(ax + b) − IN(x)|"}, above=None, below=0.001, strict=False),
    )
    statements: ClassVar[dict[int, Verdict]] = {
        16: "supports",
        18: "supports",
        19: "refutes",
        20: "supports",
        22: "supports",
        24: "supports",
        26: "refutes",
        27: "refutes",
        30: "supports",
        32: "supports",
    }
    exact: ClassVar[bool] = True
    source: ClassVar[str] = "https://arxiv.org/abs/1803.08494"
    axes: ClassVar[tuple[Words, Words]] = ({"en": "norm", "ko": "정규화"}, {"en": "difference", "ko": "차이"})
    log_axes: ClassVar[tuple[bool, bool]] = (False, True)

    def measure(self, seed: int, runs: Mapping[str, Ran]) -> Found:
        source = generator(seed, "by hand")
        differences = _worked(source) | _unbatched(source) | _evaluated(source)
        x = _tensor(source, 2)
        (group, _), (each, _), (instance, _) = (_both("group", x, groups=1), _both("group", x, groups=CHANNELS), _both("instance", x))
        values = {
            "largest_difference": max(differences.values()),
            "gn1_ln": _largest(group, F.layer_norm(x, x.shape[1:], eps=EPS)),
            "gnc_in": _largest(each, instance),
            **_standardised(source),
            **_padded(source),
            "contrast": _contrast(source),
        }
        return Found(values, [Curve(name, [i], [found]) for i, (name, found) in enumerate(differences.items(), start=1)])


def _tensor(source: torch.Generator, dims: int, n: int = 4) -> torch.Tensor:
    """[n, channels, *positions]; each channel has its own mean and deviation."""
    one_a_channel = (1, CHANNELS, *[1] * dims)
    scale, shift = torch.rand(one_a_channel, generator=source) + 0.5, torch.randn(one_a_channel, generator=source)
    return torch.randn((n, CHANNELS, *POSITIONS[dims]), generator=source) * scale + shift


def _module(name: str, channels: int, dims: int, last: bool = False, **params: Any) -> nn.Module:
    part = registry.part("norm", name)
    return part.build(channels, dims, part.Params(**params), last)


def _by_hand(name: str, x: torch.Tensor, groups: int = 1, eps: float = EPS) -> np.ndarray:
    """(x − μ)/√(σ² + ε) in float64, with the biased variance; the norms differ only in the entries that they average over."""
    n, channels, *positions = x.shape
    rows = x.double().numpy().reshape(n, groups, channels // groups, -1)
    axes = {"batch": (0, 3), "instance": (3,), "layer": (1, 2, 3), "group": (2, 3)}[name]
    mean, variance = rows.mean(axes, keepdims=True), rows.var(axes, keepdims=True)
    return ((rows - mean) / np.sqrt(variance + eps)).reshape(n, channels, *positions)


def _both(name: str, x: torch.Tensor, **params: Any) -> tuple[torch.Tensor, np.ndarray]:
    """The output of the product's part in training mode, and the result computed by hand."""
    groups = params.get("groups", 1)
    with torch.no_grad():
        return _module(name, x.shape[1], x.ndim - 2, **params)(x), _by_hand(name, x, groups)


def _largest(a: torch.Tensor, b: torch.Tensor | np.ndarray) -> float:
    return float(np.abs(a.double().numpy() - np.asarray(b, dtype=np.float64)).max())


def _worked(source: torch.Generator) -> dict[str, float]:
    """For every norm and every number of axes: differences of the part and of torch's function from the result by hand."""
    found = {}
    for dims in POSITIONS:
        x = _tensor(source, dims)
        own = {
            "BN": ("batch", {}, F.batch_norm(x, None, None, training=True, eps=EPS)),
            "LN": ("layer", {}, F.layer_norm(x, x.shape[1:], eps=EPS)),
            "GN": ("group", {"groups": GROUPS}, F.group_norm(x, GROUPS, eps=EPS)),
        }
        if dims:
            own["IN"] = ("instance", {}, F.instance_norm(x, eps=EPS))
        for label, (name, params, function) in own.items():
            made, worked = _both(name, x, **params)
            found[f"{label}, {x.ndim}D"] = max(_largest(made, worked), _largest(function, worked))
    return found


def _unbatched(source: torch.Generator) -> dict[str, float]:
    """Instance normalisation of one example without a batch axis, which its 1d, 2d and 3d forms accept too."""
    found = {}
    for dims in (1, 2, 3):
        x = _tensor(source, dims, n=1)
        found[f"IN, {x.ndim - 1}D without a batch"] = _largest(_module("instance", CHANNELS, dims)(x[0]), _by_hand("instance", x)[0])
    return found


def _evaluated(source: torch.Generator) -> dict[str, float]:
    """Batch normalisation in eval mode after one batch: running statistics (with the unbiased variance), then γ and β."""
    seen, x = _tensor(source, 2, n=8), _tensor(source, 2)
    norm, affine = _module("batch", CHANNELS, 2, momentum=MOMENTUM), torch.randn(2, CHANNELS, generator=source)
    with torch.no_grad():
        for parameter, value in zip(norm.parameters(), affine, strict=True):  # γ and β
            parameter.copy_(value)
        norm(seen)
        made = norm.eval()(x)
    rows = seen.double().numpy().transpose(1, 0, 2, 3).reshape(CHANNELS, -1)
    mean, variance = MOMENTUM * rows.mean(1), 1 - MOMENTUM + MOMENTUM * rows.var(1, ddof=1)
    gamma, beta = affine.double().numpy()
    columns = x.double().numpy().transpose(0, 2, 3, 1)
    worked = (gamma * (columns - mean) / np.sqrt(variance + EPS) + beta).transpose(0, 3, 1, 2)
    return {"BN, evaluated": _largest(made, worked)}


def _standardised(source: torch.Generator) -> dict[str, float]:
    """X → Y with sixteen rows; some columns have such a small variance that ε matters."""
    x = torch.randn(16, CHANNELS, generator=source) * torch.logspace(-3, 0, CHANNELS)
    with torch.no_grad():
        y = _module("batch", CHANNELS, 0)(x).double().numpy()
    variance = x.double().numpy().var(0)
    return {
        "mean": float(np.abs(y.mean(0)).max()),
        "variance": float(np.abs(y.var(0) - variance / (variance + EPS)).max()),
        "unbiased variance of Y, 16 rows": float(y[:, -1].var(ddof=1)),
    }


def _padded(source: torch.Generator) -> dict[str, float]:
    """The change of a token's output [n, positions, channels] when padding is added after it."""
    tokens = torch.randn(4, 7, CHANNELS, generator=source)
    longer = torch.cat([tokens, torch.zeros(4, 5, CHANNELS)], dim=1)
    changes = {}
    for over in ("auto", "all"):
        norm = _module("layer", CHANNELS, 1, last=True, over=over)
        with torch.no_grad():
            changes[over] = _largest(norm(longer)[:, :7], norm(tokens))
    return {"padding": changes["auto"], "change by padding, LN over all positions": changes["all"]}


def _contrast(source: torch.Generator) -> float:
    """The change of the output under another contrast (a > 0) and brightness of the images, with a very small ε."""
    x = _tensor(source, 2)
    a, b = torch.rand(4, CHANNELS, 1, 1, generator=source) * 3 + 0.1, torch.randn(4, CHANNELS, 1, 1, generator=source)
    norm = _module("instance", CHANNELS, 2, eps=1e-12)
    return _largest(norm(a * x + b), norm(x))
