"""A sink whose journal can't be written: the run is told, what is measured waits, and all of it is there once there is room."""

import threading
import time
from pathlib import Path

import pytest

from dynascope.sinks import server as server_sink
from dynascope.sinks.journal import Journal, read
from dynascope.sinks.server import Server


class Full(Journal):
    """A disk without room, for as long as `full_disk` says."""

    full_disk = True

    def append(self, last_seq: int, frame: bytes) -> None:
        if self.full_disk:
            raise OSError(28, "No space left on device")
        super().append(last_seq, frame)


def made(path: Path, lost: threading.Event) -> tuple[Server, Full]:
    journal = Full(path)
    return Server("0" * 16, 1, "t", lambda: None, journal, lambda control: None, lost.set, patience=60), journal


def test_a_full_disk_ends_no_run_and_loses_nothing_once_there_is_room(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    lost = threading.Event()
    sink, journal = made(tmp_path / "1.journal", lost)
    for step in range(5):
        sink.scalars(step, {"train/loss": 1.0 / (step + 1)})
        sink.event(step, "checkpoint", {})
        time.sleep(0.15)
    assert sink._thread.is_alive()
    assert "can't be written" in caplog.text
    assert not lost.is_set()
    journal.full_disk = False
    sink.scalars(5, {"train/loss": 0.1})
    time.sleep(0.4)
    sink.abandon()
    sink.close()
    assert len(list(read(tmp_path / "1.journal"))) >= 2


def test_a_disk_that_stays_full_ends_the_run_in_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_sink, "UNSTORED", 1)
    lost = threading.Event()
    sink, _ = made(tmp_path / "1.journal", lost)
    for step in range(6):
        sink.event(step, "checkpoint", {})
        time.sleep(0.15)
    assert lost.wait(5)
    sink.abandon()
    sink.close()


def test_a_frame_of_which_a_part_was_written_is_written_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "a.journal")

    class Short:
        """Takes three bytes at a time, and none where it is full."""

        def __init__(self, file, full: bool) -> None:  # type: ignore[no-untyped-def]
            self.file, self.full, self.calls = file, full, 0

        def seek(self, at: int) -> None:
            self.file.seek(at)

        def write(self, data: memoryview) -> int:
            self.calls += 1
            if self.full and self.calls > 2:
                raise OSError(28, "No space left on device")
            return int(self.file.write(data[:3]))

    whole = journal._file
    journal._file = Short(whole, True)  # type: ignore[assignment]
    with pytest.raises(OSError, match="No space"):
        journal.append(1, b"first frame")
    journal._file = Short(whole, False)  # type: ignore[assignment]
    journal.append(1, b"first frame")
    journal.append(2, b"second")
    whole.close()
    assert list(read(tmp_path / "a.journal")) == [b"first frame", b"second"]
