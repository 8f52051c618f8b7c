"""A run from Python, and its recorded data."""

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Self

import msgspec

from dynascope.client._http import Transport
from dynascope.client.tables import pandas, pyarrow
from dynascope.client.waiting import LONG, until_ended
from dynascope.stream import ENDED


class Series(msgspec.Struct, frozen=True):
    """Columns of one series, one row per bucket of `width` steps; None for a value that is not finite."""

    name: str
    width: int
    step: list[float]
    min: list[float | None]
    max: list[float | None]
    mean: list[float | None]
    last: list[float | None]
    nonfinite: list[int]


class Missing(KeyError):
    """There is no series with this name: `name` is the name, `there` the names that exist."""

    def __init__(self, name: str, there: Sequence[str]) -> None:
        super().__init__(name)
        self.name, self.there = name, list(there)

    def __str__(self) -> str:
        near = difflib.get_close_matches(self.name, self.there, 3)
        shown = ", ".join(near or self.there[:20]) or "none yet"
        return f"there is no series {self.name!r}; {'near it are' if near else f'of the {len(self.there)} that there are'}: {shown}"


class History:
    """Every point of the requested series of a run."""

    def __init__(self, series: list[Series]) -> None:
        self.series = {one.name: one for one in series}

    def __getitem__(self, name: str) -> Series:
        """Raises KeyError, which lists the names that exist."""
        if name not in self.series:
            raise Missing(name, list(self.series))
        return self.series[name]

    def rows(self) -> Iterator[tuple[str, float, float | None]]:
        for one in self.series.values():
            yield from ((one.name, step, value) for step, value in zip(one.step, one.last, strict=True))

    def to_pandas(self) -> Any:
        """A data frame, one row per point: series, step, value. Needs pandas."""
        return pandas().DataFrame(list(self.rows()), columns=["series", "step", "value"])

    def to_arrow(self) -> Any:
        """A table of the same columns. Needs pyarrow."""
        arrow = pyarrow()
        columns = list(zip(*self.rows(), strict=True)) or [(), (), ()]
        return arrow.table(dict(zip(("series", "step", "value"), (arrow.array(c) for c in columns), strict=True)))


class Run:
    """A run as the server last described it, and the actions on it."""

    def __init__(self, http: Transport, record: dict[str, Any]) -> None:
        self._http, self.record = http, record

    def __repr__(self) -> str:
        return f"<Run {self.id} {self.name!r} {self.status} at step {self.step}>"

    @property
    def id(self) -> str:
        return str(self.record["id"])

    @property
    def name(self) -> str:
        return str(self.record.get("name", ""))

    @property
    def status(self) -> str:
        return str(self.record["status"])

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    @property
    def step(self) -> float:
        return float(self.record.get("step") or 0)

    @property
    def spec(self) -> dict[str, Any]:
        return dict(self.record["spec"])

    @property
    def latest(self) -> dict[str, float | None]:
        return dict(self.record.get("latest", {}))

    @property
    def diagnosis(self) -> list[dict[str, Any]]:
        return list(self.record.get("diagnosis", []))

    @property
    def url(self) -> str:
        return f"{self._http.url}/#run={self.id}"

    def refresh(self) -> Self:
        self.record = self._http.ask("GET", f"/runs/{self.id}")
        return self

    def wait(self, timeout: float | None = None, watched: Callable[["Run"], None] | None = None) -> Self:
        """Wait until the run has ended; `watched` is called about every half second. Raises TimeoutError.

        If the server restarts meanwhile, this waits for it for up to a minute, and then raises httpx.TransportError.
        """

        def tell(record: dict[str, Any]) -> bool:
            self.record = record
            if watched:
                watched(self)
            return self.ended

        if not until_ended(self._http, f"/runs/{self.id}/wait", timeout, 0.5 if watched else LONG, tell):
            raise TimeoutError(f"run {self.id} is {self.status} at step {self.step:g} after {timeout:g} s")
        return self

    def control(self, action: str, **changes: Any) -> dict[str, Any]:
        """`pause`, `resume`, `step`, `stop`, `checkpoint`; or `set`, with changes such as `penalty__l2=0.01`. Gives step and status."""
        body: dict[str, Any] = {"action": action}
        if changes:
            body["changes"] = {path.replace("__", "."): value for path, value in changes.items()}
        return dict(self._http.ask("POST", f"/runs/{self.id}/control", json=body))

    def stop(self) -> dict[str, Any]:
        """Stop the run at its next step, or at once if it is still queued."""
        return self.control("stop")

    def set(self, **changes: Any) -> dict[str, Any]:
        return self.control("set", **changes)

    def fork(self, at: str | float = "now", **changes: Any) -> "Run":
        """Start a new run from this run's state, with changes such as `norm__name="layer"`."""
        body = {"at": at, "changes": {path.replace("__", "."): value for path, value in changes.items()}}
        return Run(self._http, self._http.ask("POST", f"/runs/{self.id}/fork", json=body)).refresh()

    def resume(self, at: float | None = None, **changes: Any) -> Self:
        """Continue this run after its end, from its newest checkpoint or the checkpoint at a step, as if it had never ended.

        `changes` such as `stop__max_epochs=40`: a run that finished needs a later end, a run that diverged another change. The
        data recorded from that step on are replaced.
        """
        return self.resume_with({path.replace("__", "."): value for path, value in changes.items()}, at)

    def resume_with(self, changes: Mapping[str, Any], at: float | None = None) -> Self:
        """`resume`, with changes such as `{"stop.max_epochs": 40}`."""
        body: dict[str, Any] = {"changes": dict(changes)}
        self._http.ask("POST", f"/runs/{self.id}/resume", json=body if at is None else body | {"at": at})
        return self.refresh()

    def change(self, **values: Any) -> Self:
        """Change the name, the tags or the notes."""
        self.record = self._http.ask("PATCH", f"/runs/{self.id}", json=values)
        return self

    def delete(self) -> None:
        self._http.ask("DELETE", f"/runs/{self.id}")

    def history(self, *names: str) -> History:
        """Every point of these series, or of all without names. Raises KeyError for an unknown name; it lists the names that exist."""
        return History([self._every_point(name) for name in names or self._names()])

    def _names(self) -> list[str]:
        return [one.name for one in self.series(points=1)]

    def _every_point(self, name: str) -> Series:
        found = self.series(name, points=0)
        if not found:
            raise Missing(name, self._names())
        return found[0]

    def series(self, *names: str, points: int = 1000) -> list[Series]:
        query: dict[str, Any] = {"points": points} | ({"names": ",".join(names)} if names else {})
        return msgspec.convert(self._http.ask("GET", f"/runs/{self.id}/series", params=query)["series"], list[Series])

    def layers(self, step: float | None = None) -> dict[str, Any]:
        return dict(self._http.ask("GET", f"/runs/{self.id}/layers", params=_at(step)))

    def histograms(self, layer: str, kind: str = "activation") -> dict[str, Any]:
        return dict(self._http.ask("GET", f"/runs/{self.id}/histograms", params={"layer": layer, "kind": kind}))

    def function(self, step: float | None = None) -> dict[str, Any]:
        return dict(self._http.ask("GET", f"/runs/{self.id}/function", params=_at(step)))

    def matrices(self) -> dict[str, list[float]]:
        """Name of each matrix → the steps at which it is stored."""
        return {one["name"]: one["steps"] for one in self._http.ask("GET", f"/runs/{self.id}/matrices")["items"]}

    def matrix(self, name: str, step: float | None = None) -> dict[str, Any]:
        """`step`, `shape`, `values` (flat) and `meta` of the matrix nearest to a step; without a step, of the newest."""
        return dict(self._http.ask("GET", f"/runs/{self.id}/matrices/{name}", params=_at(step)))

    def visits(self, step: float | None = None) -> list[int]:
        """How often each training example was in a batch."""
        return [int(count) for count in self.matrix("visits", step)["values"]]

    def classes(self, step: float | None = None) -> list[dict[str, float | None]]:
        """Values per class, in eval mode: val/loss, val/accuracy, val/examples, and the same for train."""
        table = self.matrix("classes", step)
        columns = table["meta"]["columns"]
        rows = [table["values"][i : i + len(columns)] for i in range(0, len(table["values"]), len(columns))]
        return [dict(zip(columns, row, strict=True)) for row in rows]

    def events(self) -> list[dict[str, Any]]:
        return list(self._http.ask("GET", f"/runs/{self.id}/events")["items"])

    def checkpoints(self) -> list[dict[str, Any]]:
        return list(self._http.ask("GET", f"/runs/{self.id}/checkpoints")["items"])

    def code(self) -> str:
        return str(self._http.ask("GET", f"/runs/{self.id}/code"))

    def export(self, format: str = "csv", language: str = "en") -> Iterator[bytes]:
        """The file in pieces: csv or parquet (every point of every series), tensorboard (a zip of an event file), or html
        (one file that replays the run without a server, in English, or in Korean for `language` "ko")."""
        yield from self._http.stream_bytes(f"/runs/{self.id}/export", {"format": format, "lang": language})


def _at(step: float | None) -> dict[str, float]:
    return {} if step is None else {"step": step}
