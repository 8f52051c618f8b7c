"""The REST API from Python: one method per call, typed results.

client = dynascope.Client("http://127.0.0.1:8000", "the token")
run = client.start({"norm": {"name": "layer"}}).wait()
print(run.latest["test/accuracy"])
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Literal, Self

from dynascope import stream
from dynascope.client._http import Refused, Transport
from dynascope.client.runs import History, Missing, Run, Series
from dynascope.client.studies import Study

__all__ = ["Client", "History", "Missing", "Refused", "Run", "Series", "Study"]

#: Maximum seconds for reading an uploaded file.
UPLOAD = 900.0


class Client:
    """A server's REST API. `url` and `token` default to DYNASCOPE_URL and DYNASCOPE_TOKEN; `timeout` is in seconds per answer.

    Raises ValueError if the URL or the token is not valid.
    """

    def __init__(self, url: str | None = None, token: str | None = None, timeout: float = 60.0) -> None:
        self._http = Transport(url, token, timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    @property
    def url(self) -> str:
        return self._http.url

    @property
    def timeout(self) -> float:
        return self._http.timeout

    def ask(self, method: str, path: str, **request: Any) -> Any:
        """The answer's JSON; its text if it is not JSON; None if it has no body. Raises Refused or httpx.TransportError."""
        return self._http.ask(method, path, **request)

    def stream_bytes(self, path: str, query: dict[str, Any]) -> Iterator[bytes]:
        return self._http.stream_bytes(path, query)

    def stream(self, run_id: str, *streams: str) -> Iterator[dict[str, Any]]:
        """The frames that the page receives until the run has ended: each is a dict that contains numpy arrays.

        `streams` are described in docs/live.md: "scalars" (the default), "layers", "histograms/<kind>/<layer>", "matrices/<name>".
        """
        self.run(run_id)  # raises Refused if there is no such run
        yield from stream.messages(self.url, self._http.token, run_id, streams or ("scalars",))

    def start(self, spec: Mapping[str, Any] | None = None) -> Run:
        """Start a run. If the answer is lost, the request is sent again; this doesn't start a second run."""
        return self.run(self._http.once("/runs", dict(spec or {}))["id"])

    def run(self, id: str) -> Run:
        return Run(self._http, self.ask("GET", f"/runs/{id}"))

    def runs(
        self, *, status: str | None = None, tag: str | None = None, q: str | None = None, study: str | None = None, most: int = 1000
    ) -> Iterator[Run]:
        """The runs that match, the newest first; they are requested page by page."""
        query = {k: v for k, v in {"status": status, "tag": tag, "q": q, "study": study}.items() if v is not None}
        yield from (Run(self._http, record) for record in self._http.listed("/runs", query, most))

    def run_ids(self, *, status: str | None = None, tag: str | None = None, q: str | None = None, study: str | None = None) -> list[str]:
        """The ids of all runs that match, the newest first, in one answer (even thousands)."""
        query = {k: v for k, v in {"status": status, "tag": tag, "q": q, "study": study}.items() if v is not None}
        return [str(id) for id in self.ask("GET", "/runs/ids", params=query)["ids"]]

    def bulk(self, action: Literal["stop", "delete"], ids: Sequence[str]) -> dict[str, Any]:
        """Stop or delete up to a hundred runs. Gives `done` (ids) and `refused` (the others, with `id`, `status`, `detail`)."""
        return dict(self.ask("POST", "/runs/bulk", json={"action": action, "ids": list(ids)}))

    def study(
        self,
        base: Mapping[str, Any] | None = None,
        axes: Mapping[str, Sequence[Any]] | None = None,
        seeds: int | Sequence[int] = 1,
        *,
        name: str = "",
        notes: str = "",
    ) -> Study:
        """Start a study: `axes` as `{"norm.name": ["none", "batch"]}`, `seeds` a count or a list of seeds.

        Every call starts one study. If the answer is lost, the request is sent again; this doesn't start a second study.
        """
        body = {
            "name": name,
            "notes": notes,
            "base": dict(base or {}),
            "axes": {path: list(values) for path, values in (axes or {}).items()},
            "seeds": seeds if isinstance(seeds, int) else list(seeds),
        }
        return Study(self._http, self._http.once("/studies", body))

    def open_study(self, id: str) -> Study:
        return Study(self._http, self.ask("GET", f"/studies/{id}"))

    def studies(self, most: int = 1000) -> Iterator[Study]:
        """The newest first, requested page by page; the cells of a study are requested when they are first used."""
        yield from (Study(self._http, record) for record in self._http.listed("/studies", {}, most))

    def claims(self, *, curves: bool = True) -> list[dict[str, Any]]:
        """Every experiment of the notes, the result of its newest run, and its current verdict."""
        return list(self.ask("GET", "/claims", params={"curves": curves})["items"])

    def claim(self, id: str, *, curves: bool = True, most: int = 10_000) -> dict[str, Any]:
        """One experiment with its `most` newest runs, the newest first, and its current verdict."""
        return dict(self.ask("GET", f"/claims/{id}", params={"curves": curves, "most": most}))

    def run_claim(self, id: str, *, quick: bool = False, seed: int | None = None) -> dict[str, Any]:
        return dict(self.ask("POST", f"/claims/{id}/run", json={"quick": quick, "seed": seed}))

    def statements(self) -> list[dict[str, Any]]:
        """Every statement of the notes, and whether it is true."""
        return list(self.ask("GET", "/claims", params={"curves": False})["statements"])

    def cancel_claim(self, id: str) -> dict[str, Any]:
        return dict(self.ask("POST", f"/claims/{id}/cancel"))

    def claims_report(self, language: str = "en") -> str:
        """One HTML file with every statement and the result of every experiment, to print or to hand in."""
        return str(self.ask("GET", "/claims/report", params={"lang": language}))

    def catalog(self) -> dict[str, Any]:
        return dict(self.ask("GET", "/catalog"))

    def plan(self, spec: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return dict(self.ask("POST", "/plan", json=dict(spec or {})))

    def upload(
        self, path: str | os.PathLike[str], target: str | None = None, task: str | None = None, name: str | None = None
    ) -> dict[str, Any]:
        """Upload a CSV, Parquet or NPZ file as a data set. Gives a description of its contents, and its `id` for `data.params`.

        `target`: the column to learn, the last by default. `task`: classification or regression, detected if it isn't given.
        Raises Refused, with the line and the column, for a file that can't be used.
        """
        fields = {key: value for key, value in {"target": target, "task": task, "name": name}.items() if value is not None}
        with open(path, "rb") as file:
            files = {"file": (os.path.basename(path), file)}
            return dict(self.ask("POST", "/datasets", data=fields, files=files, timeout=UPLOAD))

    def datasets(self) -> list[dict[str, Any]]:
        """Uploaded data sets, the newest first."""
        return list(self.ask("GET", "/datasets")["items"])

    def delete_dataset(self, id: str) -> None:
        self.ask("DELETE", f"/datasets/{id}")

    def slots(self) -> dict[str, Any]:
        return dict(self.ask("GET", "/slots"))

    def health(self) -> dict[str, Any]:
        return dict(self.ask("GET", "/healthz"))

    def ready(self) -> dict[str, Any]:
        return dict(self.ask("GET", "/readyz"))
