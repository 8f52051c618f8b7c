"""The viewers' socket against a real run: history first, then exactly what follows."""

import json
import time
from collections.abc import Callable
from typing import Any

from tests.app.runs.test_runs import SMALL, endless
from tests.app.viewing import Viewer
from tests.app.words.test_wording import is_korean
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


def follow(viewer: Viewer, *topics: str) -> None:
    viewer.socket.send(json.dumps({"type": "subscribe", "topics": topics}))


def changes(viewer: Viewer, topic: str) -> list[dict[str, Any] | None]:
    return [text["counts"] for text in viewer.texts if text["type"] == "changed" and text["topic"] == topic]


def test_a_study_is_followed_by_its_topic_until_it_is_gone(server: Server) -> None:
    made = server.client.post("/api/studies", json={"base": endless(pace=300), "seeds": 2}).json()
    topic = f"studies/{made['id']}"
    viewer = Viewer(server)
    follow(viewer, topic, "studies", "claims", "nothing")
    viewer.until(lambda v: (changes(v, topic) or [{}])[-1].get("going") == 2)
    assert next(text for text in viewer.texts if text["type"] == "ack")["topics"] == ["claims", "studies", topic]
    assert next(text for text in viewer.texts if text["type"] == "error")["errors"][0]["got"] == ["nothing"]
    viewer.until(lambda v: bool(changes(v, "claims")))  # told at once, so that nothing is missed between reading and following
    told = len(changes(viewer, topic))
    viewer.until(lambda v: len(changes(v, topic)) > told + 3)  # its curves grow
    server.client.post(f"/api/studies/{made['id']}/cancel")
    viewer.until(lambda v: changes(v, topic)[-1]["status"] == "cancelled")
    assert changes(viewer, topic)[-1] == {"status": "cancelled", "total": 2, "waiting": 0, "going": 0, "ended": 2, "failed": 0}
    viewer.until(lambda v: (changes(v, "studies")[-1] or {}).get("cancelled", 0) >= 1)
    server.client.delete(f"/api/studies/{made['id']}")
    viewer.until(lambda v: changes(v, topic)[-1] is None)


def test_the_list_of_runs_is_a_topic_that_each_run_stirs(server: Server) -> None:
    viewer = Viewer(server)
    follow(viewer, "runs")
    viewer.until(lambda v: bool(changes(v, "runs")))
    run = server.post(endless(pace=200))["id"]
    viewer.until(lambda v: (changes(v, "runs")[-1] or {}).get("running", 0) >= 1)
    told = len(changes(viewer, "runs"))
    viewer.until(lambda v: len(changes(v, "runs")) > told + 3)  # its steps go up
    server.control(run, "stop")
    server.wait(run)
    told = len(changes(viewer, "runs"))
    server.client.delete(f"/api/runs/{run}")
    viewer.until(lambda v: len(changes(v, "runs")) > told)
    assert changes(viewer, "runs")[-1] is not None, "the list itself never goes"


def test_no_more_topics_are_followed_than_are_allowed(server: Server) -> None:
    viewer = Viewer(server)
    follow(viewer, *(f"studies/{i:x}" for i in range(33)))
    viewer.until(lambda v: any(text["type"] == "error" for text in v.texts))
    assert not any(text["type"] == "ack" for text in viewer.texts)


def test_a_refusal_is_told_in_the_visitors_language(server: Server) -> None:
    wrong = [{"type": "subscribe", "runs": 3}, {"type": "subscribe", "runs": ["nobody"]}, {"type": "subscribe", "topics": ["nothing"]}]
    told = {}
    for lang in ("en", "ko"):
        viewer = Viewer(server, lang)
        for message in wrong:
            viewer.socket.send(json.dumps(message))
        viewer.until(lambda v: sum(text["type"] == "error" for text in v.texts) == len(wrong))
        told[lang] = [error for text in viewer.texts if text["type"] == "error" for error in text["errors"]]
    assert [error["loc"] for error in told["ko"]] == [error["loc"] for error in told["en"]] == ["message", "runs", "topics"]
    assert [error["got"] for error in told["ko"]] == [error["got"] for error in told["en"]]
    for english, korean, says in zip(
        told["en"],
        told["ko"],
        ("구독 메시지에는 runs, streams, since, topics", "그런 실행이 없습니다", "그런 주제가 없습니다"),
        strict=True,
    ):
        assert not is_korean(english["msg"])
        assert says in korean["msg"]
