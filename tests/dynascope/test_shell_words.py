"""What the shell says: one line for input that can't be used, and names as they are."""

import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from rich.progress import Progress
from typer.testing import CliRunner

from dynascope.client import runs as client_runs
from dynascope.shell import add_to, common, typed
from dynascope.shell import runs as shell_runs

NOWHERE = ("--url", "http://127.0.0.1:1", "--token", "t")


def shell(*arguments: str, text: bytes | None = None) -> tuple[int, str]:
    """Exit code and standard error."""
    app = typer.Typer(rich_markup_mode=None)
    add_to(app)
    ended = CliRunner().invoke(app, arguments, input=text)
    assert ended.exception is None or isinstance(ended.exception, SystemExit), repr(ended.exception)
    assert ended.stdout == ""
    return ended.exit_code, ended.stderr


FILES = {
    "latin.json": '{"name": "é"}'.encode("latin-1"),
    "bad.yaml": b"data: [1\nmodel: }",
    "date.yaml": b"name: !!timestamp 2026-01-31\n",
    "twice.yaml": b"seed: 1\ndata: {name: moons}\nseed: 2\n",
    "twice.json": b'{"seed": 1, "seed": 2}',
    "tab.yaml": b"data:\n\tname: moons\n",
    "empty.yaml": b" \n",
    "empty.json": b"",
    "comment.yaml": b"# to be written\n",
    "text.yaml": b"moons\n",
    "nan.yaml": b"optimizer: {params: {lr: .nan}}\n",
    "key.yaml": b"1: 2\n",
    "cycle.yaml": b"a: &a [*a]\n",
    "list.json": b"[1]",
    "bad.json": b"{,}",
    "axes.yaml": b"axes: [1]\n",
    "values.yaml": b"axes: {init.name: zeros}\n",
    "base.yaml": b"base: 3\naxes: {}\n",
    "seeds.yaml": b"axes: {}\nseeds: null\n",
}


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("run gone.json", "gone.json can't be read (No such file or directory); give a JSON or YAML file"),
        ("run .", "can't be read (Is a directory)"),
        ("run latin.json", "no text in UTF-8 (byte 0xe9 at 10); save it as UTF-8"),
        ("run bad.yaml", "bad.yaml is not YAML"),
        ("run bad.json", "bad.json is not JSON"),
        ("run list.json", 'holds a list; a spec is an object, as {"data": {"name": "moons"}}'),
        ("run text.yaml", "holds text; a spec is an object"),
        ("run comment.yaml", "holds nothing; a spec is an object"),
        ("run empty.yaml", "empty.yaml is empty; write a spec into it, as {} for the defaults"),
        ("run empty.json", "empty.json is empty"),
        ("run twice.yaml", "the key 'seed' is there twice; leave one out in \"<unicode string>\", line 3"),
        ("run twice.json", "the key 'seed' is there twice; leave one out"),
        ("run tab.yaml", "a tab is no indent in YAML: use spaces"),
        ("run date.yaml", "date.yaml: name is 2026-01-31, a date, which JSON has not: put it in quotes"),
        ("run nan.yaml", "lr is nan; a number has to be finite"),
        ("run key.yaml", "has the key 1; a key is text"),
        ("run cycle.yaml", "cycle.yaml holds itself"),
        ("run --set optimizer.params.lr=NaN", "optimizer.params.lr is nan; a number has to be finite"),
        ("run --set seed=null", "seed is None; it is a whole number: write seed=3"),
        ("run --set seed=abc", "seed is 'abc'"),
        ("run --set seed", "'seed' is not a change"),
        ("resume ID --set at=5", "a checkpoint's step is given as --at"),
        ("study axes.yaml", "axes is [1]; it is fields and their values"),
        ("study values.yaml", 'the axis init.name is "zeros"; it is a list of values'),
        ("study base.yaml", "base is 3; it is a spec"),
        ("study seeds.yaml", "seeds is null; it is a count or a list"),
        ("study --axis stop.max_steps=.inf", "stop.max_steps: [0] is inf; a number has to be finite"),
        ("export ID -o gone/run.csv", "can't be written (No such file or directory); give a file in a folder that is there"),
        ("export ID -o .", "is a folder; give a file's name"),
        ("ls --url http://[::1", "'http://[::1' is no server's URL"),
        ("ls --url 127.0.0.1:8000", "write it as http://127.0.0.1:8000"),
        ("ls --token é", "the token 'é' can't be one"),
    ],
)
def test_what_cannot_be_used_is_told_in_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, words: str) -> None:
    monkeypatch.chdir(tmp_path)
    for name, content in FILES.items():
        Path(name).write_bytes(content)
    # what the shell opens before it asks the server is looked at with a run that any server gives
    monkeypatch.setattr("dynascope.client.Client.run", lambda *_: Run())
    given = command.split()
    code, said = shell(*given, *(() if {"--url", "--token"} & set(given) else NOWHERE))
    assert code == 2
    *usage, line = said.splitlines()
    assert words in line
    assert len(usage) <= 3
    assert {path.name for path in tmp_path.iterdir()} == set(FILES)


def test_yaml_words_are_what_they_look_like(tmp_path: Path) -> None:
    """By YAML 1.2: neither is `no` false, nor a date anything but text, nor 1e-3 text; an octal number is no number of another value."""
    file = tmp_path / "spec.yaml"
    file.write_text(
        "name: no\nnotes: 2026-01-31\ntags: [on, 12:30, none, '1']\noptimizer: {params: {lr: 1e-3, x: .5, n: 010, flag: true, e: }}\n"
    )
    assert common.read(file) == {
        "name": "no",
        "notes": "2026-01-31",
        "tags": ["on", "12:30", "none", "1"],
        "optimizer": {"params": {"lr": 0.001, "x": 0.5, "n": 10, "flag": True, "e": None}},
    }


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (1.0, "1"),
        (-0.0, "0"),
        (40, "40"),
        (123456, "123,456"),
        (0.123456789, "0.1235"),
        (1e36, "1e+36"),
        (-(2.0**120), "-1.329e+36"),
        (10**37, "1e+37"),
        (5e-324, "4.941e-324"),
        (float("nan"), "not finite"),
        (float("-inf"), "not finite"),
        (None, "not finite"),
        ("relu", "relu"),
    ],
)
def test_a_number_of_any_size_is_told_in_a_few_digits(value: float | str | None, told: str) -> None:
    assert typed.number(value, 4) == told


def test_tables_hold_short_numbers_and_evidence_is_words(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    evidence = {"share": 0.98765432, "loss": None, "steps": 1e36}
    record = {
        **{"id": "0" * 16, "name": "huge", "status": "diverged", "end_reason": "loss is not finite", "step": 170.0, "spec": {}},
        "latest": {"val/loss": 1.2345678e36, "test/loss": None},
        "diagnosis": [{"rule": "diverged", "since": 150.0, "layer": "hidden1", "severity": 1, "evidence": evidence, "mend": {}}],
    }
    monkeypatch.setattr("dynascope.client.Client.ask", lambda self, *_, **__: record)
    monkeypatch.setattr("dynascope.client.Client.run", lambda self, _: client_runs.Run(self._http, record))
    monkeypatch.setattr("dynascope.client.Client.runs", lambda self, **_: iter([client_runs.Run(self._http, record)]))
    shell_runs.show("0" * 16, *("http://127.0.0.1:1", "t"))
    told = capsys.readouterr().out
    assert "⚠ diverged in hidden1 since step 150: share 0.987654, loss not finite, steps 1e+36" in told
    assert "val/loss\t1.23457e+36" in told
    shell_runs.ls(None, None, None, 20, "http://127.0.0.1:1", "t")
    assert capsys.readouterr().out.splitlines()[1].split("\t")[3:] == ["170", "1.235e+36", "not finite", ""]


class Run:
    """Of a server that is not there."""

    def export(self, format: str, language: str) -> Iterator[bytes]:
        yield b""
        raise AssertionError("asked for before the file was there")


NAMES = ["[/foo] hi", "[red]x[/red]", ":smile:", "a\tb\nc\x1b[2J"]


def test_a_name_is_shown_as_it_is_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    common.listing(("id", "name"), [("0" * 100, name) for name in NAMES])
    common.say(NAMES[0])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "id\tname"
    assert [line.split("\t") for line in lines[1:5]] == [["0" * 100, name] for name in [*NAMES[:3], "a b c [2J"]]
    assert lines[5] == NAMES[0]


def test_a_name_is_shown_as_it_is_on_a_terminal_and_an_id_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    monkeypatch.setenv("COLUMNS", "38")
    monkeypatch.setenv("LINES", "24")
    monkeypatch.setattr(sys, "stdout", screen)
    common.listing(("id", "name", "[/x]"), [("0123456789abcdef", f"{name} {name}", "[/y]") for name in NAMES[:3]])
    shown = screen.getvalue()
    assert shown.count("0123456789abcdef") == 3
    for word in ("[/foo]", "[red]", ":smile:", "[/x]", "[/y]"):
        assert word in shown


def test_a_progress_bar_takes_any_name(capsys: pytest.CaptureFixture[str]) -> None:
    bars = common.progress(quiet=False)
    assert isinstance(bars, Progress)
    with bars:
        bars.add_task("[/foo] :smile:", total=1)
    assert "[/foo] :smile:" in capsys.readouterr().err


@pytest.mark.parametrize(("encoding", "written"), [("latin-1", b'{"name": "\\ud55c\\uae00"}'), ("utf-8", '{"name": "한글"}'.encode())])
def test_json_is_ascii_where_the_stream_has_not_all_letters(monkeypatch: pytest.MonkeyPatch, encoding: str, written: bytes) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding)
    monkeypatch.setattr(sys, "stdout", stream)
    common.say_json({"name": "한글"})
    stream.flush()
    assert raw.getvalue().strip() == written
    assert json.loads(raw.getvalue()) == {"name": "한글"}
