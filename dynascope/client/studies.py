"""A study from Python: a base spec, axes and seeds that become runs, and their results as a tidy table.

study = client.study({"data": {"name": "digits"}}, {"norm.name": ["none", "batch"]}, seeds=5).wait()
print(study.to_pandas().groupby("norm.name")["test/accuracy"].describe())
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Self

from dynascope.client._http import Transport
from dynascope.client.runs import Run
from dynascope.client.tables import pandas, pyarrow
from dynascope.client.waiting import LONG, until_ended

ENDED = ("done", "cancelled", "failed")


class Study:
    """A study as the server last described it, and the actions on it."""

    def __init__(self, http: Transport, record: dict[str, Any]) -> None:
        self._http, self.record = http, record

    def __repr__(self) -> str:
        runs = self.runs
        return f"<Study {self.id} {self.name!r} {self.status}: {runs['ended']} of {runs['total']} runs have ended>"

    @property
    def id(self) -> str:
        return str(self.record["id"])

    @property
    def name(self) -> str:
        return str(self.record["name"])

    @property
    def status(self) -> str:
        return str(self.record["status"])

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    @property
    def seeds(self) -> list[int]:
        return list(self.record["seeds"])

    @property
    def axes(self) -> dict[str, list[Any]]:
        """Dotted path → values."""
        return {axis["path"]: axis["values"] for axis in self.record["axes"]}

    @property
    def runs(self) -> dict[str, int]:
        """Numbers of runs: total, waiting, going, ended, failed."""
        return dict(self.record["runs"])

    @property
    def url(self) -> str:
        return f"{self._http.url}/studies/{self.id}"

    @property
    def cells(self) -> list[dict[str, Any]]:
        """`index`, `values`, `refused`, `runs` and `finals` of each cell; requested from the server if they are not known yet."""
        if not isinstance(self.record["cells"], list):
            self.refresh()
        return list(self.record["cells"])

    @property
    def refused(self) -> list[dict[str, Any]]:
        """Cells that can't be run, with the fields that are wrong."""
        return [cell for cell in self.cells if cell["refused"]]

    def refresh(self, *finals: str) -> Self:
        """Request the study again, with the final values of the series in `finals`; without names, of all series but those of layers."""
        self.record = self._http.ask("GET", f"/studies/{self.id}", params={"finals": ",".join(finals)} if finals else {})
        return self

    def wait(self, timeout: float | None = None, watched: Callable[["Study"], None] | None = None) -> Self:
        """Wait until the study has ended; `watched` is called about every half second. Raises TimeoutError.

        If the server restarts meanwhile, this waits for it for up to a minute, and then raises httpx.TransportError.
        """

        def tell(record: dict[str, Any]) -> bool:
            self.record = record
            if watched:
                watched(self)
            return self.ended and bool(self.refresh())

        if not until_ended(self._http, f"/studies/{self.id}/wait", timeout, 0.5 if watched else LONG, tell):
            runs = self.runs
            raise TimeoutError(f"{runs['ended']} of {runs['total']} runs of study {self.id} have ended after {timeout:g} s")
        return self

    def cancel(self) -> Self:
        """Stop the running runs of the study; its waiting runs never start."""
        self.record = self._http.ask("POST", f"/studies/{self.id}/cancel")
        return self

    def extend(self, seeds: int | Sequence[int]) -> Self:
        """Add a number of seeds, or a list of seeds; missing runs of the earlier seeds run too."""
        wanted = seeds if isinstance(seeds, int) else list(seeds)
        self.record = self._http.ask("POST", f"/studies/{self.id}/extend", json={"seeds": wanted})
        return self

    def change(self, **values: Any) -> Self:
        """Change the name or the notes."""
        self._http.ask("PATCH", f"/studies/{self.id}", json=values)
        return self.refresh()

    def delete(self) -> None:
        """Delete the study and its runs."""
        self._http.ask("DELETE", f"/studies/{self.id}")

    def each_run(self) -> Iterator[Run]:
        yield from (Run(self._http, record) for record in self._http.listed("/runs", {"study": self.id}, 10_000))

    def bands(self, name: str, points: int = 200) -> dict[str, Any]:
        """Statistics over the seeds of each cell, per step: n, mean, median, low and high of the mean, q10, q90."""
        return dict(self._http.ask("GET", f"/studies/{self.id}/bands", params={"name": name, "points": points}))

    def finals(self, name: str) -> list[dict[str, Any]]:
        """A series' final values, one row per cell: the axes' values, then n, mean, median, low, high, q10, q90, values."""
        of_a_layer = name.startswith("layer/")  # the server sends it only if it is requested by name
        cells = self._http.ask("GET", f"/studies/{self.id}", params={"finals": name})["cells"] if of_a_layer else self.cells
        return [{**cell["values"], **cell["finals"][name]} for cell in cells if name in cell["finals"]]

    def decomposition(self, **query: Any) -> dict[str, Any]:
        """Bias², variance and noise along an axis, for a study whose runs share their test set."""
        return dict(self._http.ask("GET", f"/studies/{self.id}/decomposition", params=query))

    def path(self, **query: Any) -> dict[str, Any]:
        """The regularisation path along `penalty.l1` or `penalty.l2`."""
        return dict(self._http.ask("GET", f"/studies/{self.id}/path", params=query))

    def export(self, format: str = "csv") -> Iterator[bytes]:
        """The table of `rows` as a file, in pieces: csv or parquet."""
        yield from self._http.stream_bytes(f"/studies/{self.id}/export", {"format": format})

    def rows(self) -> list[dict[str, Any]]:
        """A tidy table, one row per cell and seed: the axes' values, seed, run, status, and every final value (None if missing)."""
        names = sorted({name for cell in self.cells for name in cell["finals"]})
        return [
            {**cell["values"], **told, **{name: _value(cell, name, i) for name in names}}
            for cell in self.cells
            for i, told in enumerate(cell["runs"])
        ]

    def to_pandas(self) -> Any:
        """A data frame of `rows`. Needs pandas."""
        return pandas().DataFrame(self.rows())

    def to_arrow(self) -> Any:
        """A table of `rows`; an axis with values of several types becomes text. Needs pyarrow."""
        arrow = pyarrow()
        rows = self.rows()
        columns = {name: [row[name] for row in rows] for name in (rows[0] if rows else {})}
        return arrow.table({name: arrow.array(_alike(values)) for name, values in columns.items()})


def _value(cell: Mapping[str, Any], name: str, i: int) -> float | None:
    values = cell["finals"].get(name, {}).get("values", [])
    return values[i] if i < len(values) else None


def _alike(values: list[Any]) -> list[Any]:
    """Columns of numbers or of text stay as they are; other values become JSON text."""
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int, float} or kinds == {str} or kinds == {bool}:
        return values
    return [None if value is None else value if isinstance(value, str) else json.dumps(value) for value in values]
