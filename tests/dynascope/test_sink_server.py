"""The sink against a real websocket peer: what it sends, what it takes for an end, and that it always comes to one."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dynascope import bins
from dynascope.messages import STEP, Event, Histograms, LayerStats, Matrix, RunEnded, Scalars, decode_frame
from dynascope.sinks import server as server_sink
from dynascope.sinks.journal import Journal, read
from dynascope.sinks.server import FRAME_BYTES, Server
from tests.dynascope.peer import Peer

RUN = "0123456789abcdef"


class Sender:
    """A sink in a folder, and whether it has given up."""

    def __init__(self, folder: Path, address: Callable[[], str | None], patience: float = 60.0) -> None:
        self.path, self.lost = folder / "1.journal", threading.Event()
        self.sink = Server(RUN, 1, "t", address, Journal(self.path), lambda control: None, self.lost.set, patience)

    def end(self) -> None:
        self.sink.ended("finished", "all epochs done", 1)
        self.sink.close()

    def reason(self) -> str:
        """Of the end that was left in the journal for the server."""
        last = [message for frame in read(self.path) for message in decode_frame(frame)][-1]
        assert isinstance(last, RunEnded)
        return f"{last.status}: {last.reason}"


def until(true: Callable[[], object]) -> None:
    while not true():
        time.sleep(0.01)


def test_what_was_recorded_in_a_long_stall_goes_out_in_frames_of_the_contract(tmp_path: Path) -> None:
    names = [f"layer/hidden{i}/activation/mean" for i in range(20)]
    counts = np.ones((20, bins.SLOTS), dtype=np.uint32)
    stalled = threading.Event()
    with Peer(max_size=FRAME_BYTES) as peer:

        def address() -> str:
            stalled.wait()
            return peer.url

        sender = Sender(tmp_path, address)
        for step in range(5000):
            sender.sink.scalars(step, dict.fromkeys(names, float(step)))
        for step in range(200):
            sender.sink.layer_stats(step, names, ["a", "b", "c"], np.full((20, 3), step), np.ones((20, 3), dtype=bool))
            sender.sink.histograms(step, "weight", names, counts)
        sender.sink.matrix(0, "function", np.zeros((100, 100)), {})
        sender.sink.event(4999, "epoch")
        stalled.set()
        sender.end()
    assert max(map(len, peer.frames)) <= FRAME_BYTES
    assert sum(map(len, peer.frames)) / len(peer.frames) > FRAME_BYTES / 2
    for kind, steps in ((Scalars, 5000), (LayerStats, 200), (Histograms, 200)):
        seen = np.concatenate([np.frombuffer(m.steps, STEP) for m in peer.messages if isinstance(m, kind)])
        np.testing.assert_array_equal(seen, np.arange(steps))
    assert [m.seq for m in peer.messages] == list(range(1, len(peer.messages) + 1))
    assert [type(m) for m in peer.messages][-3:] == [Matrix, Event, RunEnded]
    assert not sender.lost.is_set()


def test_a_matrix_that_no_frame_can_hold_is_left_out_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(server_sink, "MATRIX_BYTES", 1000)
    with Peer(max_size=2000) as peer:
        sender = Sender(tmp_path, lambda: peer.url)
        for step in range(3):
            sender.sink.matrix(step, "visits", np.zeros(251), {})
        sender.sink.matrix(0, "classes", np.zeros(250), {})
        sender.end()
    assert [m.name for m in peer.messages if isinstance(m, Matrix)] == ["classes"]
    assert caplog.text.count("visits") == 1


@pytest.mark.parametrize("code", [1008, 1009])
def test_a_frame_that_is_refused_for_good_ends_the_run_and_is_not_sent_again(tmp_path: Path, code: int) -> None:
    with Peer(close_with=code) as peer:
        sender = Sender(tmp_path, lambda: peer.url)
        sender.sink.event(1, "epoch")
        assert sender.lost.wait(60)
        sender.end()
    assert peer.connections == 1
    assert sender.reason() == f"interrupted: the server refused this run (websocket close {code}: so it was told); all epochs done"


def test_a_frame_that_is_longer_than_the_peer_takes_ends_the_run(tmp_path: Path) -> None:
    with Peer(max_size=1000) as peer:
        sender = Sender(tmp_path, lambda: peer.url)
        sender.sink.event(1, "note", {"text": "x" * 2000})
        assert sender.lost.wait(60)
        sender.end()
    assert "websocket close 1009" in sender.reason()


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_handshake_that_is_refused_for_good_ends_the_run(tmp_path: Path, status: int) -> None:
    with Peer(statuses=(status,)) as peer:
        sender = Sender(tmp_path, lambda: peer.url)
        assert sender.lost.wait(60)
        sender.end()
    assert peer.connections == 1
    assert f"the server refused this run (HTTP {status})" in sender.reason()


def test_any_other_answer_to_the_handshake_is_asked_again(tmp_path: Path) -> None:
    with Peer(statuses=(502, 503, 429, 500, 400)) as peer:
        sender = Sender(tmp_path, lambda: peer.url)
        sender.sink.event(1, "epoch")
        sender.end()
    assert peer.connections == 6
    assert not sender.lost.is_set()
    assert [type(m) for m in peer.messages] == [Event, RunEnded]


def test_a_server_that_greets_and_stores_nothing_is_given_up(tmp_path: Path) -> None:
    with Peer(close_with=1011) as peer:
        sender = Sender(tmp_path, lambda: peer.url, patience=0.5)
        sender.sink.event(1, "epoch")
        assert sender.lost.wait(60)
        sender.end()
    assert peer.connections > 1
    assert "the server acknowledged nothing new for 0.5 s" in sender.reason()


def test_a_server_that_is_started_again_and_again_has_the_whole_patience_each_time(tmp_path: Path) -> None:
    there: list[Peer] = []
    sender = Sender(tmp_path, lambda: there[0].url if there else None, patience=2.0)
    sender.sink.event(1, "epoch")
    for _ in range(4):  # each time it dies before it has stored anything
        time.sleep(0.8)
        with Peer(close_with=1011) as peer:
            there.append(peer)
            until(lambda peer=peer: peer.connections)  # type: ignore[misc]
            there.clear()
    with Peer() as peer:
        there.append(peer)
        sender.end()
    assert not sender.lost.is_set()
    assert [type(m) for m in peer.messages] == [Event, RunEnded]


def test_a_run_that_has_nothing_to_say_is_not_given_up_when_its_server_starts_again(tmp_path: Path) -> None:
    with Peer() as peer:
        sender = Sender(tmp_path, lambda: peer.url, patience=2.0)
        sender.sink.event(1, "epoch")
        until(lambda: peer.frames)
        time.sleep(3.0)  # paused, beyond its patience
        peer.drop()
        sender.sink.event(2, "epoch")
        sender.end()
    assert not sender.lost.is_set()
    assert [m.step for m in peer.messages if isinstance(m, Event)] == [1, 2]


def test_an_abandoned_run_says_so(tmp_path: Path) -> None:
    sender = Sender(tmp_path, lambda: None)
    sender.sink.abandon()
    assert sender.lost.wait(60)
    sender.end()
    assert sender.reason().startswith("interrupted: the process was asked to end")
