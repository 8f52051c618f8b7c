"""The journal: bounded by what waits, and whole whenever its process is killed."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from dynascope.sinks import journal as journal_module
from dynascope.sinks.journal import Journal, read


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "COMPACT", 1000)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., Journal]]:
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(closing(Journal(tmp_path / "a.journal", **options)))


def frame(seq: int) -> bytes:
    return b"%06d" % seq * 20


def test_acknowledgements_that_are_always_a_frame_behind_fill_nothing(tmp_path: Path, opened: Callable[..., Journal]) -> None:
    journal = opened(limit=2000)
    for seq in range(1, 400):
        journal.append(seq, frame(seq))
        journal.acknowledge(seq - 1)
        assert not journal.full
        assert (tmp_path / "a.journal").stat().st_size < 1400
        assert list(journal.unacknowledged(0)) == [(seq, frame(seq))]
        assert list(read(tmp_path / "a.journal"))[-1] == frame(seq)
    assert [path.name for path in tmp_path.iterdir()] == ["a.journal"]


def test_it_is_full_by_what_waits_and_no_longer_once_that_is_acknowledged(tmp_path: Path, opened: Callable[..., Journal]) -> None:
    journal = opened(limit=2000)
    for seq in range(1, 17):
        journal.append(seq, frame(seq))
    assert journal.full
    journal.acknowledge(3)
    assert not journal.full
    journal.acknowledge(14)
    assert list(journal.unacknowledged(15)) == [(16, frame(16))]
    assert list(read(tmp_path / "a.journal")) == [frame(15), frame(16)]


@pytest.mark.parametrize("broken", ["replace", "write"])
def test_a_disk_that_lets_it_not_be_shortened_loses_nothing(
    tmp_path: Path, opened: Callable[..., Journal], monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    def fails(*_: object) -> None:
        raise OSError(28, "No space left on device")

    journal = opened()
    for seq in range(1, 31):
        journal.append(seq, frame(seq))
    with monkeypatch.context() as patched:
        patched.setattr(*((os, "replace") if broken == "replace" else (journal_module, "_write")), fails)
        journal.acknowledge(28)
    assert list(read(tmp_path / "a.journal")) == [frame(seq) for seq in range(1, 31)]
    journal.append(31, frame(31))
    journal.acknowledge(29)
    assert list(journal.unacknowledged(0)) == [(30, frame(30)), (31, frame(31))]
    assert list(read(tmp_path / "a.journal")) == [frame(30), frame(31)]


WRITER = """
import sys
from pathlib import Path
from dynascope.sinks import journal
journal.COMPACT = 1000
kept = journal.Journal(Path(sys.argv[1]))
seq = 0
while True:
    seq += 1
    kept.append(seq, b"%06d" % seq * 20)
    if seq > 3:
        print(seq, flush=True)
        kept.acknowledge(seq - 3)
"""


def test_a_writer_that_is_killed_at_any_moment_has_left_what_waits(tmp_path: Path) -> None:
    for attempt in range(8):
        path = tmp_path / f"{attempt}.journal"
        with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            for _ in range(50 + 37 * attempt):
                appended = int(writer.stdout.readline())
            writer.kill()
            for line in writer.stdout:
                appended = int(line) if line.endswith("\n") else appended
        left = [int(whole[:6]) for whole in read(path)]
        assert left == list(range(left[0], left[-1] + 1))
        assert left[0] <= appended - 2
        assert left[-1] >= appended
