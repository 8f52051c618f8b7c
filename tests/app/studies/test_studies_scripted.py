"""Studies from Python and from a shell: all that REST gives, as tables."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest

import dynascope
from dynascope.client import Refused, Study
from tests.app.api.test_scripted import shell
from tests.app.runs.test_runs import SMALL, endless
from tests.server import TOKEN, Server

AXES = {"norm.name": ["none", "layer"], "penalty.l2": [0, 0.01]}


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[dynascope.Client]:
    with dynascope.Client(server.url, TOKEN) as made:
        yield made


@pytest.fixture(scope="module")
def study(client: dynascope.Client) -> Study:
    return client.study(SMALL, AXES, seeds=2, name="scripted").wait(60)


def test_a_study_is_started_watched_and_read_from_python(client: dynascope.Client, study: Study) -> None:
    assert (study.status, study.seeds, study.axes, study.runs["ended"]) == ("done", [0, 1], AXES, 8)
    rows = study.rows()
    assert len(rows) == 8
    for row in rows:
        run = client.run(row["run"])
        assert (row["norm.name"], row["penalty.l2"]) == (run.spec["norm"]["name"], run.spec["penalty"]["l2"])
        assert (row["seed"], row["status"], row["test/accuracy"]) == (run.spec["seed"], "finished", run.latest["test/accuracy"])
    finals = study.finals("test/accuracy")
    of_first = [row["test/accuracy"] for row in rows if (row["norm.name"], row["penalty.l2"]) == ("none", 0)]
    assert finals[0]["values"] == of_first
    assert finals[0]["mean"] == pytest.approx(np.mean(of_first))
    table = study.to_arrow()
    assert table.num_rows == 8
    assert table.column("test/accuracy").to_pylist() == [row["test/accuracy"] for row in rows]
    assert [cell["index"] for cell in study.bands("val/loss")["cells"]] == [0, 1, 2, 3]
    layer = study.finals("layer/hidden1/weight/norm")
    assert layer[0]["values"] == [
        client.run(rows[i]["run"]).history("layer/hidden1/weight/norm")["layer/hidden1/weight/norm"].last[-1] for i in (0, 1)
    ]
    assert {run.id for run in study.each_run()} == {row["run"] for row in rows}
    listed = next(one for one in client.studies() if one.id == study.id)
    assert (listed.record["cells"], len(listed.cells)) == (4, 4)
    assert study.change(name="renamed").name == "renamed"


def test_a_file_of_a_study_is_the_same_table(study: Study) -> None:
    rows = list(csv.DictReader(io.StringIO(b"".join(study.export("csv")).decode())))
    table = pyarrow.parquet.read_table(io.BytesIO(b"".join(study.export("parquet"))))
    assert list(rows[0]) == table.column_names == [*AXES, "seed", "run", "status", *sorted(study.cells[0]["finals"])]
    assert [float(row["test/accuracy"]) for row in rows] == table.column("test/accuracy").to_pylist()
    assert table.column("penalty.l2").to_pylist() == [0, 0, 0.01, 0.01, 0, 0, 0.01, 0.01]


def test_a_study_is_cancelled_extended_and_deleted_from_python(client: dynascope.Client) -> None:
    with pytest.raises(Refused, match=r"axes\.norm\.nam"):
        client.study(SMALL, {"norm.nam": ["none"]})
    study = client.study(endless(), {"norm.name": ["none", "layer"]}, seeds=[3])
    with pytest.raises(TimeoutError, match="0 of 2 runs"):
        study.wait(0.2)
    assert study.cancel().status == "cancelled"
    assert study.extend(0).status == "running"
    study.delete()
    with pytest.raises(Refused, match="there is no study"):
        study.refresh()


@pytest.mark.timeout(240)
def test_a_study_from_a_shell(server: Server, tmp_path: Path) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text(json.dumps(SMALL))
    axes = ("--axis", "norm.name=none,layer,nowhere", "--axis", "penalty.l2=0,1e-3")
    done = shell(server, "study", str(spec), *axes, "--seeds", "3,5", "--set", "data.batch_size=32", "--json", check=False)
    assert done.returncode == 3, done.stderr  # a hole is told by the exit code too
    told = json.loads(done.stdout)
    assert (told["status"], told["seeds"], told["runs"]["ended"], told["base"]["data"]["batch_size"]) == ("done", [3, 5], 8, 32)
    assert [bool(cell["refused"]) for cell in told["cells"]] == [False, False, False, False, True, True]
    shown = shell(server, "studies", "show", told["id"]).stdout
    assert "there is no norm of that name" in " ".join(shown.split()) or "nowhere" in shown
    assert told["id"] in shell(server, "studies", "ls").stdout
    more = json.loads(shell(server, "studies", "extend", told["id"], "--seeds", "1", "--json").stdout)
    assert (more["seeds"], more["runs"]["ended"]) == ([3, 5, 6], 12)
    file = tmp_path / "table.csv"
    shell(server, "studies", "export", told["id"], "-o", str(file))
    assert len(file.read_text().splitlines()) == 13
    going = json.loads(shell(server, "study", "--set", "stop.max_epochs=100000", "--no-wait", "--json").stdout)
    assert "cancelled" in shell(server, "studies", "cancel", going["id"]).stdout
    shell(server, "studies", "rm", going["id"])
    assert "there is no study" in shell(server, "studies", "show", going["id"], check=False).stderr
