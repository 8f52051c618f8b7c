"""A walk over the registry: every model with every norm and every init; every model with every optimizer, forked on the way."""

import random
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from dynascope.sinks.memory import Memory
from tests.trainer.running import run, spec_of
from tests.trainer.test_fork import gone_on
from trainer import loop, registry
from trainer.control import Commands
from trainer.plan import PlanError, plan
from trainer.spec import RunSpec

registry.discover()
pytestmark = pytest.mark.slow
MODELS, NORMS, INITS, OPTIMIZERS = (registry.names(kind) for kind in ("model", "norm", "init", "optimizer"))
#: What the plan refuses, and why.
REFUSED = {("mlp", "instance"): "a vector has one value a channel"}


def small(model: str) -> dict[str, Any]:
    """The model small, on data that it reads."""
    data = {"cnn3d": "digits3d", "polynomial": "sine"}.get(model, "digits")
    wanted = {"depth": 2, "width": 16, "dropout": 0.2}
    params = {k: v for k, v in wanted.items() if k in registry.part("model", model).Params.model_fields}
    return {
        "data": {"name": data, "train_size": 100 if data == "sine" else 200},
        "model": {"name": model, "params": params},
        "probes": {"every": 1},
    }


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("model", MODELS)
def test_a_model_trains_with_a_norm_and_each_init_or_is_refused(model: str, norm: str) -> None:
    for init in INITS:
        spec = spec_of(2, **small(model), norm__name=norm, init__name=init)
        if (model, norm) in REFUSED:
            with pytest.raises(PlanError, match=REFUSED[model, norm]):
                plan(spec)
            continue
        planned, record = plan(spec), run(spec)
        assert record.end is not None
        assert record.end.status == "finished", (init, record.end.reason)
        assert len(record.values("train/loss")) == 2
        hidden = registry.part("model", model).works_with.get("hidden", True)
        unused = not hidden and norm != "none"
        assert any("not used" in warning for warning in planned.warnings) == unused
        assert any(layer["norm"] for layer in planned.layers) == (norm != "none" and hidden)


def test_what_is_refused_really_fails() -> None:
    norm = nn.InstanceNorm1d(8)
    with pytest.raises(ValueError, match="more than 1 spatial element"):
        norm(torch.randn(4, 8, 1))
    rows = torch.randn(8, 8)  # (N, C) is read as one unbatched (C, L): each example is normalised over its features, which is no
    torch.testing.assert_close(norm(rows), nn.LayerNorm(8, elementwise_affine=False)(rows))  # instance norm


def test_of_the_contracts_pairs_at_least_forty_train() -> None:
    names = ["none", "batch", "layer", "instance", "group", "rms"]
    assert (
        sum(
            (model, norm) not in REFUSED and registry.part("model", model).works_with.get("hidden", True)
            for model in MODELS
            for norm in names
        )
        >= 40
    )


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("model", MODELS)
def test_a_fork_without_a_change_goes_on_bitwise_at_a_random_step(tmp_path: Path, model: str, optimizer: str) -> None:
    steps = 11
    at = random.Random(f"{model}/{optimizer}").randrange(1, steps)
    choices = small(model) | {"optimizer": {"name": optimizer}, "norm": {"name": "batch"}, "penalty": {"l2": 1e-4}}
    choices["data"] = choices["data"] | {"batch_size": "full" if optimizer == "gd" else 48}

    def ending(at: int) -> RunSpec:
        return spec_of(at, **choices)

    loop.run(ending(at), Memory(), Commands(), keeping=loop.Keeping(tmp_path))
    whole, fork = run(ending(steps)), gone_on(tmp_path / f"{at}.safetensors", ending(steps))
    assert fork.values("train/loss") == whole.values("train/loss")[at:]
    assert fork.values("test/loss") == whole.values("test/loss")
