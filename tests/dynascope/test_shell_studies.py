"""What a shell's words for a study mean, before any server is asked."""

from pathlib import Path

import pytest
import typer

from dynascope.shell import studies


@pytest.mark.parametrize(
    ("given", "values"),
    [
        ("init.name=zeros,kaiming_normal", ["zeros", "kaiming_normal"]),
        ("penalty.l2=0,1e-3,0.1", [0, 0.001, 0.1]),
        ("data.batch_size=16,full", [16, "full"]),
        ("stop.early=null,{patience: 3}", [None, {"patience": 3}]),
        ("data.standardize=true,false", [True, False]),
        ("name=a=b", ["a=b"]),
        ("name=no,on,2026-01-31", ["no", "on", "2026-01-31"]),
    ],
)
def test_an_axis_is_a_path_and_yaml_values(given: str, values: list[object]) -> None:
    assert studies._axis(given) == (given.split("=")[0], values)


@pytest.mark.parametrize("given", ["init.name", "=zeros", "init.name=", "init.name=[1"])
def test_what_is_no_axis_is_refused(given: str) -> None:
    with pytest.raises(typer.BadParameter, match=r"init\.name=zeros,kaiming_normal"):
        studies._axis(given)


def test_seeds_are_a_count_or_named() -> None:
    assert (studies._seeds("5"), studies._seeds("3,7,11"), studies._seeds("4,")) == (5, [3, 7, 11], [4])
    with pytest.raises(typer.BadParameter, match="neither"):
        studies._seeds("many")


def test_a_file_is_a_spec_or_a_whole_study(tmp_path: Path) -> None:
    spec, whole, wrong = (tmp_path / name for name in ("spec.json", "study.yaml", "wrong.yaml"))
    spec.write_text('{"data": {"name": "moons"}}')
    whole.write_text("base: {data: {name: moons}}\naxes:\n  norm.name: [none, batch]\nseeds: 3\n")
    wrong.write_text("base: {}\naxis: {}\n")
    assert studies._asked(spec) == {"base": {"data": {"name": "moons"}}, "axes": {}}
    assert studies._asked(whole) == {"base": {"data": {"name": "moons"}}, "axes": {"norm.name": ["none", "batch"]}, "seeds": 3}
    assert studies._asked(None) == {"base": {}, "axes": {}}
    with pytest.raises(typer.BadParameter, match="axis"):
        studies._asked(wrong)
