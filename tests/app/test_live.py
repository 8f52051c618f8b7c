"""The viewers' socket against a real run: history first, then exactly what follows."""

import time
from collections.abc import Callable

from tests.app.test_runs import SMALL, endless
from tests.app.viewing import Viewer
from tests.server import ENDED, Server


def whole(steps: list[float]) -> bool:
    return steps == list(range(len(steps)))


def test_a_viewer_that_comes_late_gets_history_and_goes_on_live_without_gap_or_repeat(server: Server) -> None:
    run = server.post(endless(pace=300))["id"]
    server.until_step(run, 150)
    viewer = Viewer(server)
    viewer.subscribe(run, "scalars", "layers", "histograms/activation/hidden1")
    viewer.until(lambda v: len(v.steps()) > 400)
    server.control(run, "stop")
    viewer.until(lambda v: v.status() == "stopped")
    assert whole(viewer.steps())
    assert viewer.points["train/loss"] == list(zip(*server.points(run, "train/loss"), strict=True))
    columns = viewer.columns["activation", "hidden1"]
    assert columns[0][0] == 0
    assert [c[0] for c in columns] == sorted({c[0] for c in columns})
    assert {sum(c[2].values()) for c in columns[:-1]} <= {64 * 16, *(n * 16 for n in range(64))}
    assert "layer/hidden1/activation/std" in viewer.points


def test_a_page_that_comes_back_gets_exactly_the_rest(server: Server) -> None:
    run = server.post(endless(pace=300))["id"]
    viewer = Viewer(server)
    viewer.subscribe(run, "scalars")
    viewer.until(lambda v: len(v.steps()) > 100)
    viewer.socket.close()
    time.sleep(1.0)
    back = Viewer(server)
    back.points, back.attempt, back.seq = viewer.points, viewer.attempt, viewer.seq
    held = len(back.steps())
    back.subscribe(run, "scalars", since=True)
    back.until(lambda v: len(v.steps()) > held + 400)
    assert whole(back.steps())
    assert not any(t["type"] in ("snapshot", "resync") for t in back.texts)
    server.control(run, "stop")


def test_a_stream_that_is_added_brings_its_history_and_leaves_the_others_alone(server: Server) -> None:
    run = server.post(endless(pace=200))["id"]
    viewer = Viewer(server)
    viewer.subscribe(run, "scalars", "histograms/activation/hidden1")
    viewer.until(lambda v: len(v.steps()) > 100)
    viewer.subscribe(run, "scalars", "histograms/activation/out")
    viewer.until(lambda v: len(v.steps()) > 250)
    server.control(run, "stop")
    viewer.until(lambda v: v.status() == "stopped")
    assert whole(viewer.steps())
    added = [c[0] for c in viewer.columns["activation", "out"]]
    assert added[0] == 0
    assert added == sorted(set(added))


def test_a_controls_event_reaches_every_viewer_with_its_step(server: Server) -> None:
    run = server.post(endless())["id"]
    viewers = [Viewer(server) for _ in range(3)]
    for viewer in viewers:
        viewer.subscribe(run, "scalars")
        viewer.until(lambda v: len(v.steps()) > 5)
    answer = server.control(run, "set", penalty__l2=0.01)
    for viewer in viewers:
        viewer.until(lambda v: v.events("control"))
        event = viewer.events("control")[0]
        assert (event["step"], event["data"]["changes"]) == (answer["step"], {"penalty.l2": 0.01})
    server.control(run, "stop")


def test_an_ended_run_is_shown_whole(server: Server) -> None:
    run = server.post(SMALL)["id"]
    server.wait(run)
    viewer = Viewer(server)
    viewer.subscribe(run, "scalars", "layers")
    viewer.until(lambda v: v.points)
    assert viewer.status() in ENDED
    assert whole(viewer.steps())
    snapshot = next(t for t in viewer.texts if t["type"] == "snapshot")
    assert snapshot["run"]["id"] == run
    assert "ingest_hash" not in snapshot["run"]


def test_a_page_that_was_there_before_the_server_died_gets_the_rest_from_the_next_one(new_server: Callable[..., Server]) -> None:
    server = new_server().start()
    run = server.post(endless(pace=100))["id"]
    viewer = Viewer(server)
    viewer.subscribe(run, "scalars")
    viewer.until(lambda v: len(v.steps()) > 50)
    server.kill()
    server.start(ready=False)
    back = Viewer(server)
    back.points, back.attempt, back.seq = viewer.points, viewer.attempt, viewer.seq
    held = len(back.steps())
    back.subscribe(run, "scalars", since=True)
    back.until(lambda v: len(v.steps()) > held + 100)
    assert whole(back.steps())
    server.control(run, "stop")


def test_a_viewer_that_reads_nothing_slows_neither_training_nor_another(server: Server) -> None:
    stalled = Viewer(server)
    run = server.post(endless(pace=1000))["id"]
    stalled.subscribe(run, "scalars", "layers", "histograms/activation/hidden1")
    viewer = Viewer(server)
    viewer.subscribe(run, "scalars")
    viewer.until(lambda v: len(v.steps()) > 2000, 30)
    server.control(run, "stop")
    assert whole(viewer.steps())
    stalled.until(lambda v: v.status() == "stopped")
    assert whole(stalled.steps())
