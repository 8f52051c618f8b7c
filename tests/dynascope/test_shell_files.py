"""Files that the shell writes: whole, or not at all."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import typer

from dynascope.shell.common import write


def torn() -> Iterator[bytes]:
    yield b"the first half"
    raise httpx.RemoteProtocolError("peer closed connection")


def test_a_transfer_that_breaks_off_leaves_no_file_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "run.csv").write_bytes(b"of last week")
    with pytest.raises(typer.Exit) as ended:
        write(torn(), tmp_path / "run.csv")
    assert ended.value.exit_code == 1
    assert "the transfer broke off (peer closed connection)" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["run.csv"]
    assert (tmp_path / "run.csv").read_bytes() == b"of last week"


def test_a_whole_one_takes_the_place_of_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "run.csv").write_bytes(b"of last week")
    write([b"a,", b"b"], tmp_path / "run.csv")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("run.csv", b"a,b")]
