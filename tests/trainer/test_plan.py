"""A spec is checked wholly before anything starts; each refusal names the field, what was given and what is allowed."""

from typing import Any

import pytest
from pydantic import ValidationError

from trainer import registry
from trainer.build import build
from trainer.plan import PlanError, check_changes, plan
from trainer.spec import RunSpec

registry.discover()

REFUSED: list[tuple[dict[str, Any], str, str, Any]] = [
    ({"model": {"params": {"width": -3}}}, "model.params.width", "greater than or equal to 1", -3),
    ({"optimizer": {"params": {"lr": "fast"}}}, "optimizer.params.lr", "number", "fast"),
    ({"optimizer": {"params": {"speed": 1}}}, "optimizer.params.speed", "no such parameter", 1),
    ({"data": {"batch_size": 1}}, "data.batch_size", "at least 2", 1),
    ({"init": {"name": "magic"}}, "init.name", "kaiming_normal", "magic"),
    ({"data": {"val_size": 0.6, "test_size": 0.6}}, "data.val_size", "training", 0.6),
    ({"data": {"train_size": 100_000}}, "data.train_size", "possible", 100_000),
]


@pytest.mark.parametrize(("given", "loc", "says", "got"), REFUSED)
def test_a_bad_spec_is_refused_with_its_field(given: dict[str, Any], loc: str, says: str, got: Any) -> None:
    with pytest.raises(PlanError) as refused:
        plan(RunSpec.model_validate(given))
    error = refused.value.errors[0]
    assert error.loc == loc
    assert says in error.msg
    assert error.got == got


def test_an_unknown_field_is_an_error_never_ignored() -> None:
    with pytest.raises(ValidationError, match="extra_forbidden"):
        RunSpec.model_validate({"optimiser": {"name": "sgd"}})


def test_a_million_million_parameters_are_refused_without_being_allocated() -> None:
    with pytest.raises(PlanError) as refused:
        plan(RunSpec.model_validate({"model": {"params": {"width": 1_000_000, "depth": 2}}}))
    assert refused.value.errors[0].loc.startswith("model.params")


def test_all_errors_of_the_parts_come_at_once() -> None:
    with pytest.raises(PlanError) as refused:
        plan(RunSpec.model_validate({"init": {"name": "a"}, "norm": {"name": "b"}, "optimizer": {"name": "c"}}))
    assert {e.loc for e in refused.value.errors} == {"init.name", "norm.name", "optimizer.name"}


@pytest.mark.parametrize("norm", ["none", "batch", "layer"])
@pytest.mark.parametrize("model", ["linear", "mlp"])
def test_the_plan_counts_the_parameters_of_the_real_network(model: str, norm: str) -> None:
    planned = plan(RunSpec.model_validate({"model": {"name": model}, "norm": {"name": norm}}))
    assert planned.parameters == sum(p.numel() for p in build(planned).model.parameters())
    assert sum(layer["parameters"] for layer in planned.layers) == planned.parameters


def test_the_full_spec_is_stored_with_every_default() -> None:
    spec = plan(RunSpec()).spec.model_dump()
    assert spec["model"] == {"name": "mlp", "params": spec["model"]["params"], "activation": {"name": "relu", "params": {}}}
    assert spec["model"]["params"]["depth"] == 4
    assert spec["optimizer"]["params"]["lr"] == 0.1
    assert spec["optimizer"]["params"]["momentum"] == 0.9


def test_only_what_is_live_can_change_and_a_bad_value_changes_nothing() -> None:
    spec = plan(RunSpec()).spec
    changed = check_changes(spec, {"optimizer.params.lr": 0.5, "penalty.l2": 1e-3, "pace": 7})
    assert (changed.optimizer.params["lr"], changed.penalty.l2, changed.pace) == (0.5, 1e-3, 7)
    for path, value in (("model.params.depth", 3), ("optimizer.params.lr", -1), ("penalty.l1", "much"), ("nothing", 1)):
        with pytest.raises(PlanError) as refused:
            check_changes(spec, {path: value})
        assert refused.value.errors[0].loc == path
        assert refused.value.errors[0].got == value
