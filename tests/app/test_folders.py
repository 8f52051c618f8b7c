"""What the server writes to is tried before it says that it serves: a sentence names the path, whose it is, and what to do.

Modes are obeyed by root too once it has lost a capability, so these tests are the same for root and for others.
"""

import errno
import os
import pwd
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app.folders import refusal
from app.store.database import head
from tests.server import ROOT, Server

ME = pwd.getpwuid(os.geteuid()).pw_name
OBEDIENT = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--") if os.geteuid() == 0 else ()
#: Tries a data folder as `serve` does, and prints why it can't be used.
TRY = """
import sys
from pathlib import Path
from app.folders import Unusable, try_folders
from app.store.database import Store, try_database
data, url = Path(sys.argv[1]), sys.argv[2]
try:
    try_folders(data, data / "cache" / "static", data / "cache" / "numba")
    try_database(url)
    store = Store(url)
    store.prepare()
except Unusable as unusable:
    print(unusable)
"""


def tried(data: Path, url: str | None = None) -> str:
    command = [*OBEDIENT, sys.executable, "-P", "-c", TRY, str(data), url or f"sqlite:///{data}/dynascope.db"]
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": str(ROOT)}, cwd="/", capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout.strip()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder that has been served from."""
    folder = tmp_path / "data"
    assert tried(folder) == ""
    for name in ("runs/r1/checkpoints", "cache/numba/kernels_1"):
        (folder / name).mkdir(parents=True)
    for name in ("token", "lock", "cache/catalog-1.json", "datasets/1.safetensors"):
        (folder / name).write_text("long enough")
    assert tried(folder) == ""
    return folder


def test_a_data_folder_that_was_served_from_is_good_and_nothing_is_left_in_it(data: Path) -> None:
    names = {path.relative_to(data).as_posix() for path in data.rglob("*")}
    assert tried(data) == ""
    assert {path.relative_to(data).as_posix() for path in data.rglob("*")} == names


@pytest.mark.parametrize(
    "name", [".", "runs", "runs/r1", "runs/r1/checkpoints", "datasets", "cache", "cache/numba", "cache/numba/kernels_1", "cache/static"]
)
def test_each_folder_that_cannot_be_written_is_named(data: Path, name: str) -> None:
    folder = data / name
    folder.chmod(0o555)
    told = tried(data)
    folder.chmod(0o755)
    assert told == f"{folder} can't be used: the mode of {folder} is 555; run `chmod -R u+rwX {folder}`, or give --data another folder"


@pytest.mark.parametrize("name", ["token", "lock", "cache/catalog-1.json", "datasets/1.safetensors", "dynascope.db"])
def test_each_file_that_cannot_be_read_is_named(data: Path, name: str) -> None:
    (data / name).chmod(0o000)
    assert f"{data / name} can't be used: the mode of {data / name} is 000" in tried(data)


def test_a_folder_above_that_cannot_be_entered_is_to_blame(data: Path) -> None:
    data.parent.chmod(0o600)
    told = tried(data)
    data.parent.chmod(0o755)
    assert f"the mode of {data.parent} is 600" in told


def test_a_folder_of_somebody_else_is_told_with_its_owner(tmp_path: Path) -> None:
    """As where a container, or sudo, had served from it."""
    folder, owner = Path("/usr"), "root"
    if os.geteuid() == 0:
        folder = tmp_path / "nobody's"
        folder.mkdir(0o700)
        os.chown(folder, 54321, 54321)  # of no name here, as a container's user is
        owner = "54321"
    told = refusal(folder / "runs", PermissionError(errno.EACCES, "Permission denied"))
    whose = f"{folder} belongs to {owner}, and this server runs as {ME}"
    assert told == f"{folder / 'runs'} can't be used: {whose}; run `sudo chown -R {ME} {folder}`"


def another_programs(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE bookmarks (url TEXT)")
    database.close()


def newer(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda path: (path.unlink(), path.mkdir()), "{path} is a folder; move it away"),
        (lambda path: path.write_text("a,b\n1,2\n" * 100), "{path} is no SQLite database; move it away"),
        (lambda path: path.write_bytes(b"SQLite format 3\0" + b"\1" * 5000), "the database {path} can't be used: "),
        (lambda path: (path.unlink(), another_programs(path)), "{path} is another program's: it has the tables bookmarks"),
        (newer, f"the schema of the database {{path}} is 9999, this version knows up to {head()}: upgrade Dynascope"),
        (lambda path: path.chmod(0o444), "{path} can't be used: the mode of {path} is 444"),
        (lambda path: (Path(f"{path}-wal").touch(), Path(f"{path}-wal").chmod(0o400)), "{path}-wal can't be used: the mode of"),
        (lambda path: (Path(f"{path}-shm").touch(), Path(f"{path}-shm").chmod(0o400)), "{path}-shm can't be used: the mode of"),
    ],
)
def test_a_database_that_is_not_the_servers_is_told_and_left_as_it_is(data: Path, spoil: Callable[[Path], object], words: str) -> None:
    path = data / "dynascope.db"
    spoil(path)
    before = path.read_bytes() if path.is_file() and os.access(path, os.R_OK) else b""
    told = tried(data)
    assert words.format(path=path) in told
    assert "give --data another folder, or DYNASCOPE_DATABASE_URL another database" in told
    assert (path.read_bytes() if before else b"") == before


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgres", "DYNASCOPE_DATABASE_URL is no database's URL; it is like postgresql+psycopg://user:password@host/name"),
        ("nothing://localhost/x", "DYNASCOPE_DATABASE_URL is no database's URL"),
        ("mysql+mysqldb://someone:secret@127.0.0.1/x", "needs MySQLdb, which is not installed"),
        ("sqlite://", "a database in memory is gone with each connection"),
        ("sqlite:////nowhere/at/all/x.db", "the database /nowhere/at/all/x.db can't be made: there is no folder /nowhere/at/all"),
    ],
)
def test_an_address_of_no_database_is_told_without_its_password(tmp_path: Path, url: str, words: str) -> None:
    told = tried(tmp_path / "data", url)
    assert words in told
    assert "secret" not in told


@pytest.mark.server
def test_serve_says_it_in_a_line_before_the_link(data: Path) -> None:
    (data / "dynascope.db").write_text("no database, whatever its name says")
    command = [sys.executable, "-P", "-m", "dynascope", "serve", "--port", "0", "--data", str(data)]
    ended = subprocess.run(command, env=os.environ | {"PYTHONPATH": str(ROOT)}, cwd="/", capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith(f"{data}/dynascope.db is no SQLite database; ")
    assert ended.stderr.count("\n") == 1


@pytest.mark.timeout(300)  # the kernels are compiled anew, on whatever machine this is
def test_a_checkout_that_cannot_be_written_serves_and_stays_as_it_is(new_server: Callable[..., Server], tmp_path: Path) -> None:
    root = tmp_path / "house"
    for folder in ("app", "trainer", "dynascope", "templates", "static", "locale"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    everything = [root, *root.rglob("*")]
    before = {path: path.stat().st_mtime_ns for path in everything}
    for path in everything:
        path.chmod(0o555 if path.is_dir() else 0o444)
    server = new_server(root=root)
    server.prefix = OBEDIENT
    try:
        server.start()
        spec = {"data": {"name": "moons"}, "stop": {"max_epochs": None, "max_steps": 5, "early": None}}
        assert server.wait(server.post(spec)["id"])["status"] == "finished"
        assert server.client.get("/").status_code == 200
        server.stop()
    finally:
        for path in everything:
            path.chmod(0o755)
    assert {path: path.stat().st_mtime_ns for path in [root, *root.rglob("*")]} == before
