"""Norm layers: the statistics that they normalise with, read before the forward that updates them.

Batch norm, per channel j, over the batch (and positions): μ_B, and σ²_B with n − 1 as in `running_var` (Ioffe & Szegedy 2015)::

    norm/mean_shift     mean_j |μ_B,j − μ_run,j| / σ_run,j
    norm/log_var_ratio  mean_j ln(σ²_B,j / σ²_run,j)

Layer, RMS, group and instance norm, per sample i and group g (one group for layer and RMS norm, the channels for instance
norm), μ_ig and σ_ig over the elements that are normalised together, σ² with n as they use it (Wu & He 2018)::

    norm/sample_mean_spread  mean_g std_i μ_ig     (std over the batch, with n)
    norm/sample_std_spread   mean_g std_i σ_ig
    norm/sample_std_mean     mean_ig σ_ig

Any norm with γ and β: their mean and standard deviation (n) over the parameter's elements.
"""

from collections.abc import Sequence
from math import prod, sqrt
from typing import ClassVar

import numpy as np
import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.instancenorm import _InstanceNorm

from dynascope.kernels import against_running, channel_moments
from dynascope.probes import At, Cost, Probe
from dynascope.probes.sites import Site

_ABSENT = (np.nan, np.nan, np.nan)


class Norms(Probe):
    """For a norm that runs twice in a step, the values are the mean of both runs."""

    name: ClassVar[str] = "norms"
    at: ClassVar[At] = "norm"
    cost: ClassVar[Cost] = "free"
    quantities: ClassVar[tuple[str, ...]] = (
        "norm/mean_shift",
        "norm/log_var_ratio",
        "norm/sample_mean_spread",
        "norm/sample_std_spread",
        "norm/sample_std_mean",
        "norm/gamma_mean",
        "norm/gamma_std",
        "norm/beta_mean",
        "norm/beta_std",
    )

    def __init__(self, sites: Sequence[Site]) -> None:
        super().__init__(sites)
        self._calls: list[list[list[float]]] = [[] for _ in sites]

    def applies(self) -> np.ndarray:
        applies = np.zeros((len(self.sites), len(self.quantities)), dtype=bool)
        for row, site in enumerate(self.sites):
            norm = site.norm
            applies[row, 0:2] = isinstance(norm, _BatchNorm) and norm.running_mean is not None
            applies[row, 2:5] = _has_sample_statistics(norm)
            applies[row, 5:7] = getattr(norm, "weight", None) is not None
            applies[row, 7:9] = getattr(norm, "bias", None) is not None
        return applies

    def reset(self) -> None:
        for calls in self._calls:
            calls.clear()

    def measure(self, row: int, tensor: torch.Tensor | None) -> None:
        norm = self.sites[row].norm
        if norm is None or tensor is None:
            return
        against_running, by_sample = _ABSENT[:2], _ABSENT
        if isinstance(norm, _BatchNorm):
            against_running = _against_running(norm, tensor)
        elif _has_sample_statistics(norm):
            by_sample = _by_sample(norm, tensor)
        gamma, beta = _mean_and_std(getattr(norm, "weight", None)), _mean_and_std(getattr(norm, "bias", None))
        self._calls[row].append([*against_running, *by_sample, *gamma, *beta])

    def values(self) -> np.ndarray:
        absent = [[np.nan] * len(self.quantities)]
        return np.array([np.mean(calls, axis=0) if len(calls) > 1 else (calls or absent)[0] for calls in self._calls])


def _has_sample_statistics(norm: nn.Module | None) -> bool:
    return isinstance(norm, (nn.LayerNorm, nn.RMSNorm, nn.GroupNorm, _InstanceNorm))


def _against_running(norm: _BatchNorm, tensor: torch.Tensor) -> tuple[float, float]:
    running_mean, running_variance = norm.running_mean, norm.running_var
    if running_mean is None or running_variance is None:
        return np.nan, np.nan
    n, channels, *positions = tensor.shape
    return against_running(tensor, n, channels, prod(positions), running_mean, running_variance)


def _by_sample(norm: nn.Module, tensor: torch.Tensor) -> tuple[float, float, float]:
    groups, extent = _grouping(norm, tensor.shape)
    mean, variance = channel_moments(tensor, 1, tensor.numel() // extent, extent)
    if mean.size == 0:
        return np.nan, np.nan, np.nan
    by_group, std = mean.reshape(-1, groups), np.sqrt(variance).reshape(-1, groups)
    return float(by_group.std(axis=0).mean()), float(std.std(axis=0).mean()), float(std.mean())


def _grouping(norm: nn.Module, shape: tuple[int, ...]) -> tuple[int, int]:
    """Groups per sample, and elements per group."""
    if isinstance(norm, (nn.LayerNorm, nn.RMSNorm)):
        return 1, prod(norm.normalized_shape)
    groups = norm.num_groups if isinstance(norm, nn.GroupNorm) else shape[1]
    return groups, prod(shape[1:]) // groups


def _mean_and_std(parameter: torch.Tensor | None) -> tuple[float, float]:
    if parameter is None:
        return np.nan, np.nan
    mean, variance = channel_moments(parameter, 1, 1, parameter.numel())
    return float(mean[0]), sqrt(variance[0])
