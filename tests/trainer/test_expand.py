"""From base and axes to cells: order, whole groups and their parts, what is refused, and how long a bite takes."""

import itertools
import time
from typing import Any

import pytest

from trainer import expand, registry
from trainer.plan import PlanError
from trainer.spec import RunSpec

registry.discover()


def all_cells(base: dict[str, Any], axes: dict[str, list[Any]]) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    while len(made) < expand.count(axes):
        made += expand.cells(RunSpec.model_validate(base), axes, len(made))
    return made


def test_cells_are_all_combinations_the_last_axis_running_fastest() -> None:
    axes = {"penalty.l2": [0.0, 0.1, 0.2], "norm.name": ["none", "batch"], "data.batch_size": [16, 32]}
    made = all_cells({"data": {"name": "moons"}}, axes)
    assert [tuple(cell["values"].values()) for cell in made] == list(itertools.product(*axes.values()))
    for cell in made:
        spec = cell["spec"]
        assert (spec["penalty"]["l2"], spec["norm"]["name"], spec["data"]["batch_size"]) == tuple(cell["values"].values())
        assert spec["model"]["params"]["depth"] == 4  # the defaults are filled in
    assert len(all_cells({}, {})) == 1


def test_another_part_begins_with_its_own_params_and_an_axis_over_them_comes_after() -> None:
    base = {"init": {"name": "normal", "params": {"std": 0.5}}}
    axes = {"init.params.std": [0.1, 0.2], "init.name": ["normal", "truncated_normal", "zeros"]}
    made = all_cells(base, axes)
    assert [cell["refused"] is None for cell in made] == [True, True, False, True, True, False]
    assert [made[i]["spec"]["init"]["params"]["std"] for i in (0, 1, 3, 4)] == [0.1, 0.1, 0.2, 0.2]
    assert made[2]["refused"][0]["loc"] == "init.params.std"
    alone = all_cells(base, {"init.name": ["normal", "truncated_normal"]})
    own = registry.part("init", "truncated_normal").Params().model_dump()
    assert (alone[0]["spec"]["init"]["params"]["std"], alone[1]["spec"]["init"]["params"]) == (0.5, own)


def test_a_whole_group_can_be_an_axis_and_what_lies_in_it_another() -> None:
    axes = {"stop.early.patience": [3, 7], "stop.early": [None, {"monitor": "val/accuracy"}]}
    made = all_cells({}, axes)
    assert [cell["spec"] and cell["spec"]["stop"]["early"]["patience"] for cell in made] == [None, 3, None, 7]
    assert made[1]["spec"]["stop"]["early"]["monitor"] == "val/accuracy"
    objects = all_cells({}, {"init": [{"name": "zeros"}, {"name": "normal", "params": {"std": 0.3}}], "norm.name": ["none"]})
    assert [cell["spec"]["init"]["name"] for cell in objects] == ["zeros", "normal"]


@pytest.mark.parametrize(
    ("path", "known"),
    [
        ("init.nme", "init.name"),
        ("optimizer.lr", "optimizer.params.lr"),
        ("model.params.dept", "model.params.depth"),
        ("init.params.std", "init.params.gain"),  # kaiming_normal has none
    ],
)
def test_a_field_that_is_not_there_is_refused_with_the_closest_that_are(path: str, known: str) -> None:
    with pytest.raises(PlanError) as refused:
        expand.base_of(RunSpec(), {path: [1]})
    assert refused.value.errors[0].loc == f"axes.{path}"
    assert known in refused.value.errors[0].msg


@pytest.mark.parametrize(
    ("path", "axes"),
    [
        ("init.params.std", {"init.name": ["normal"], "init.params.std": [0.1]}),
        ("init.params.std", {"init": [{"name": "normal"}], "init.params.std": [0.1]}),
        ("optimizer.schedule", {"optimizer.schedule": [None, {"name": "cosine"}]}),
        ("model.activation.params.slope", {"model.activation.name": ["leaky_relu"], "model.activation.params.slope": [0.1]}),
    ],
)
def test_params_of_a_part_that_an_axis_chooses_are_fields(path: str, axes: expand.Axes) -> None:
    assert path in expand.fields(RunSpec(), axes)
    assert expand.base_of(RunSpec(), axes).model_dump()["init"]["name"] == "kaiming_normal", "the base stays as it is"


@pytest.mark.parametrize("path", ["seed", "name", "tags", "notes"])
def test_what_makes_no_difference_is_no_axis(path: str) -> None:
    with pytest.raises(PlanError, match="can't be an axis"):
        expand.base_of(RunSpec(), {path: [1]})


def test_a_base_that_an_axis_mends_is_none_to_refuse() -> None:
    base = RunSpec.model_validate({"optimizer": {"name": "gd"}})  # which wants the full batch
    assert expand.base_of(base, {"data.batch_size": ["full"]}) == base
    assert all_cells({"optimizer": {"name": "gd"}}, {"data.batch_size": ["full", 64]})[0]["refused"] is None


def test_a_bite_is_far_below_the_planners_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expand, "BITE", 0.05)
    clock = itertools.count()
    monkeypatch.setattr(time, "monotonic", lambda: next(clock) * 0.02)
    made = expand.cells(RunSpec(), {"penalty.l2": [i / 100 for i in range(100)]}, 0)
    assert len(made) == 3  # what fits into the bite, and the one during which it was over
