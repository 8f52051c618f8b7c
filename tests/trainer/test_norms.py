"""Normalisations of vectors, sequences, images and volumes: against torch's functional forms and against a twin in float64."""

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer import registry
from trainer.registry import Refused

registry.discover()
EPS = 1e-5
TOLERANCE = {"rtol": 1e-5, "atol": 1e-5}


def axes_of(name: str, over: str, dims: int, groups: int) -> tuple[tuple[int, ...], bool]:
    """Of x[n, groups, channels a group, positions]: the axes that are normalised together, and whether the mean is taken away."""
    if name == "batch":
        return (0, 3), True
    if name == "instance":
        return (3,), True
    if name == "group":
        return (2, 3), True
    if name == "rms":
        return (1, 2), False
    return ((1, 2, 3), True) if over == "all" and dims else ((1, 2), True)


def twin(x: np.ndarray, upstream: np.ndarray, groups: int, axes: tuple[int, ...], centred: bool) -> tuple[np.ndarray, np.ndarray]:
    """`(output, gradient by x)` of (x − μ)/√(mean (x − μ)² + ε) over `axes` of x[n, groups, per, positions], without γ and β."""
    n, channels = x.shape[:2]
    split = (n, groups, channels // groups, -1)
    rows, given_ = x.astype(np.float64).reshape(split), upstream.astype(np.float64).reshape(split)
    mean = rows.mean(axes, keepdims=True) * centred
    size = np.sqrt(((rows - mean) ** 2).mean(axes, keepdims=True) + EPS)
    hat = (rows - mean) / size
    grad = (given_ - centred * given_.mean(axes, keepdims=True) - hat * (given_ * hat).mean(axes, keepdims=True)) / size
    return hat.reshape(x.shape), grad.reshape(x.shape)


def functional(name: str, x: torch.Tensor, over: str, groups: int) -> torch.Tensor:
    """torch's own function on [n, channels, *positions]."""
    channels = x.shape[1]
    if name == "batch":
        return F.batch_norm(x, None, None, training=True, eps=EPS)
    if name == "instance":
        return F.instance_norm(x, eps=EPS)
    if name == "group":
        return F.group_norm(x, groups, eps=EPS)
    if name == "layer" and over == "all":
        return F.layer_norm(x, x.shape[1:], eps=EPS)
    at_positions = x.movedim(1, -1)
    out = F.rms_norm(at_positions, (channels,), eps=EPS) if name == "rms" else F.layer_norm(at_positions, (channels,), eps=EPS)
    return out.movedim(-1, 1)


def built(name: str, channels: int, dims: int, last: bool, **params: Any) -> torch.nn.Module:
    part = registry.part("norm", name)
    checked = part.Params(**params)
    part.check(channels, dims, checked)
    module = part.build(channels, dims, checked, last)
    assert isinstance(module, torch.nn.Module)
    return module.double()


@settings(deadline=None, max_examples=150)
@given(
    name=st.sampled_from(["batch", "layer", "instance", "group", "rms"]),
    over=st.sampled_from(["all", "channels"]),
    dims=st.integers(0, 3),
    n=st.integers(2, 5),
    per=st.integers(2, 4),
    groups=st.integers(1, 3),
    side=st.integers(2, 4),
    last=st.booleans(),
    seed=st.integers(0, 9999),
)
def test_every_norm_equals_torchs_function_and_its_twin_forward_and_backward(
    name: str, over: str, dims: int, n: int, per: int, groups: int, side: int, last: bool, seed: int
) -> None:
    if name == "instance" and dims == 0:
        return
    rng = np.random.default_rng(seed)
    groups = groups if name == "group" else 1
    channels = per * groups
    x, upstream = (rng.normal(1, 2, (n, channels, *[side] * dims)) for _ in range(2))
    last = last and dims == 1
    params: dict[str, Any] = {"groups": groups} if name == "group" else {"over": over} if name == "layer" else {}
    module = built(name, channels, dims, last, **params)
    tensor, other = (torch.tensor(x, requires_grad=True) for _ in range(2))
    out = module(tensor.transpose(1, 2)).transpose(1, 2) if last else module(tensor)
    out.backward(torch.tensor(upstream))
    peer = functional(name, other, over, groups)
    peer.backward(torch.tensor(upstream))
    axes, centred = axes_of(name, over, dims, groups)
    expected, grad = twin(x, upstream, groups, axes, centred)
    assert tensor.grad is not None
    assert other.grad is not None
    np.testing.assert_allclose(out.detach().numpy(), expected, **TOLERANCE)
    np.testing.assert_allclose(tensor.grad.numpy(), grad, **TOLERANCE)
    np.testing.assert_allclose(out.detach().numpy(), peer.detach().numpy(), **TOLERANCE)
    np.testing.assert_allclose(tensor.grad.numpy(), other.grad.numpy(), **TOLERANCE)


@settings(deadline=None, max_examples=40)
@given(dims=st.integers(1, 3), channels=st.integers(1, 8), side=st.integers(2, 5), seed=st.integers(0, 999))
def test_group_norm_of_one_group_is_layer_norm_and_of_all_channels_instance_norm(dims: int, channels: int, side: int, seed: int) -> None:
    x = torch.tensor(np.random.default_rng(seed).normal(3, 2, (3, channels, *[side] * dims)))
    one, layer = built("group", channels, dims, False, groups=1), built("layer", channels, dims, False, over="all")
    each, instance = built("group", channels, dims, False, groups=channels), built("instance", channels, dims, False)
    torch.testing.assert_close(one(x), layer(x), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(one(x), F.layer_norm(x, x.shape[1:], eps=EPS), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(each(x), instance(x), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dims", [0, 1, 2, 3])
def test_batch_norm_keeps_running_statistics_of_its_dimensions_and_without_them_normalises_by_the_data_at_hand(dims: int) -> None:
    x = torch.tensor(np.random.default_rng(3).normal(5, 3, (6, 4, *[3] * dims)))
    tracked, untracked = built("batch", 4, dims, False, momentum=0.25), built("batch", 4, dims, False, track=False)
    tracked(x)
    flat = x.transpose(0, 1).flatten(1)
    torch.testing.assert_close(tracked.running_mean, 0.25 * flat.mean(1))
    torch.testing.assert_close(tracked.running_var, 0.75 + 0.25 * flat.var(1))
    torch.testing.assert_close(untracked.eval()(x), F.batch_norm(x, None, None, training=True))


def test_affine_is_one_scale_and_shift_a_channel_or_none() -> None:
    for name, params in (("batch", {}), ("layer", {}), ("instance", {"affine": True}), ("group", {"groups": 2}), ("rms", {})):
        shapes = [tuple(p.shape) for p in built(name, 6, 2, False, **params).parameters()]
        assert shapes == [(6,)] * (1 if name == "rms" else 2), name
        assert not list(built(name, 6, 2, False, **params | {"affine": False}).parameters()), name


def test_the_noise_after_batch_norm_moves_mean_and_deviation_anew_at_each_step_and_only_in_training() -> None:
    torch.manual_seed(0)
    module = built("batch_noise", 8, 0, False, shift=1.0, spread=3.0)
    x = torch.randn(4000, 8, dtype=torch.float64)
    first, second = module(x), module(x)
    assert (first.mean(0) - second.mean(0)).abs().mean() > 0.2
    assert first.mean(0).abs().max() <= 1.1
    deviations = torch.cat([first.std(0), second.std(0)])
    assert deviations.min() > 0.97 / 3
    assert deviations.max() < 3.1
    assert deviations.max() / deviations.min() > 2
    module.eval()
    torch.testing.assert_close(module(x), module(x))


@pytest.mark.parametrize(
    ("name", "params", "channels", "dims", "param"),
    [("instance", {}, 8, 0, "name"), ("group", {"groups": 7}, 64, 2, "groups"), ("group", {"groups": 8}, 8, 0, "groups")],
)
def test_what_can_not_be_normalised_is_refused_with_what_to_do(
    name: str, params: dict[str, Any], channels: int, dims: int, param: str
) -> None:
    part = registry.part("norm", name)
    with pytest.raises(Refused, match=r"allowed: |use layer or group") as refused:
        part.check(channels, dims, part.Params(**params))
    assert refused.value.param == param


def test_as_many_groups_as_channels_are_allowed_where_there_are_positions() -> None:
    assert built("group", 8, 2, False, groups=8)


@pytest.mark.parametrize(
    ("name", "params", "fine"),
    [
        ("none", {}, True),
        ("rms", {}, True),
        ("layer", {}, True),
        ("layer", {"over": "all"}, False),
        ("batch", {}, False),
        ("batch_noise", {}, False),
        ("instance", {}, False),
        ("group", {}, False),
    ],
)
def test_a_norm_that_would_count_padding_is_refused(name: str, params: dict[str, Any], fine: bool) -> None:
    part = registry.part("norm", name)
    if fine:
        part.check_padded(part.Params(**params))
    else:
        with pytest.raises(Refused, match="padding"):
            part.check_padded(part.Params(**params))
