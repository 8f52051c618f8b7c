"""The REST API from Python: one method a call, typed results.

client = dynascope.Client("http://127.0.0.1:8000", "the token")
run = client.start({"norm": {"name": "layer"}}).wait()
print(run.latest["test/accuracy"])
"""

import difflib
import os
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import httpx
import msgspec

from dynascope import stream
from dynascope.client.studies import Study
from dynascope.client.tables import pandas, pyarrow
from dynascope.client.waiting import LONG, until_ended
from dynascope.stream import ENDED

#: Seconds that reading an uploaded file may take.
UPLOAD = 900.0


class Refused(Exception):
    """The server's answer to what it will not do: `status`, and `errors` with `loc`, `msg` and `got` of each field to blame."""

    def __init__(self, status: int, detail: str, errors: Sequence[Mapping[str, Any]] = ()) -> None:
        lines = [f"  {e['loc']}: {e['msg']} (given: {e.get('got')!r})" for e in errors]
        super().__init__("\n".join([detail, *lines]) if len(lines) > 1 else detail)
        self.status, self.detail, self.errors = status, detail, list(errors)


class Series(msgspec.Struct, frozen=True):
    """Columns of one series by bucket of `width` steps; None where a value is not finite."""

    name: str
    width: int
    step: list[float]
    min: list[float | None]
    max: list[float | None]
    mean: list[float | None]
    last: list[float | None]
    nonfinite: list[int]


class Missing(KeyError):
    """There is no series of this name: `name`, and `there` with the names that there are."""

    def __init__(self, name: str, there: Sequence[str]) -> None:
        super().__init__(name)
        self.name, self.there = name, list(there)

    def __str__(self) -> str:
        near = difflib.get_close_matches(self.name, self.there, 3)
        shown = ", ".join(near or self.there[:20]) or "none yet"
        return f"there is no series {self.name!r}; {'near it are' if near else f'of the {len(self.there)} that there are'}: {shown}"


class History:
    """Every point of some series of a run."""

    def __init__(self, series: list[Series]) -> None:
        self.series = {one.name: one for one in series}

    def __getitem__(self, name: str) -> Series:
        """Raises KeyError, which says what there is."""
        if name not in self.series:
            raise Missing(name, list(self.series))
        return self.series[name]

    def rows(self) -> Iterator[tuple[str, float, float | None]]:
        for one in self.series.values():
            yield from ((one.name, step, value) for step, value in zip(one.step, one.last, strict=True))

    def to_pandas(self) -> Any:
        """A data frame, one row a point: series, step, value. Needs pandas."""
        return pandas().DataFrame(list(self.rows()), columns=["series", "step", "value"])

    def to_arrow(self) -> Any:
        """A table of the same columns. Needs pyarrow."""
        arrow = pyarrow()
        columns = list(zip(*self.rows(), strict=True)) or [(), (), ()]
        return arrow.table(dict(zip(("series", "step", "value"), (arrow.array(c) for c in columns), strict=True)))


class Run:
    """A run as the server last told of it, and what can be done with it."""

    def __init__(self, client: "Client", record: dict[str, Any]) -> None:
        self._client, self.record = client, record

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
        return f"{self._client.url}/#run={self.id}"

    def refresh(self) -> Self:
        self.record = self._client.ask("GET", f"/runs/{self.id}")
        return self

    def wait(self, timeout: float | None = None, watched: Callable[["Run"], None] | None = None) -> Self:
        """Until the run has ended; `watched` is called about every half second. Raises TimeoutError.

        A server that is started again meanwhile is waited for, a minute at the most; then httpx.TransportError is raised.
        """

        def tell(record: dict[str, Any]) -> bool:
            self.record = record
            if watched:
                watched(self)
            return self.ended

        if not until_ended(self._client, f"/runs/{self.id}/wait", timeout, 0.5 if watched else LONG, tell):
            raise TimeoutError(f"run {self.id} is {self.status} at step {self.step:g} after {timeout:g} s")
        return self

    def control(self, action: str, **changes: Any) -> dict[str, Any]:
        """`pause`, `resume`, `step`, `stop`, `checkpoint`; or `set`, with changes as `penalty__l2=0.01`. Gives step and status."""
        body: dict[str, Any] = {"action": action}
        if changes:
            body["changes"] = {path.replace("__", "."): value for path, value in changes.items()}
        return dict(self._client.ask("POST", f"/runs/{self.id}/control", json=body))

    def set(self, **changes: Any) -> dict[str, Any]:
        return self.control("set", **changes)

    def fork(self, at: str | float = "now", **changes: Any) -> "Run":
        """A run that goes on from this one's state, with changes as `norm__name="layer"`."""
        body = {"at": at, "changes": {path.replace("__", "."): value for path, value in changes.items()}}
        return Run(self._client, self._client.ask("POST", f"/runs/{self.id}/fork", json=body)).refresh()

    def resume(self, at: float | None = None, **changes: Any) -> Self:
        """Go on with this run after its end, from its newest checkpoint or one at a step, as if it had never ended.

        `changes` as `stop__max_epochs=40`: a run that finished needs a later end, one that diverged something else. What was
        recorded from that step on is replaced.
        """
        return self.resume_with({path.replace("__", "."): value for path, value in changes.items()}, at)

    def resume_with(self, changes: Mapping[str, Any], at: float | None = None) -> Self:
        """`resume`, with changes as `{"stop.max_epochs": 40}`."""
        body: dict[str, Any] = {"changes": dict(changes)}
        self._client.ask("POST", f"/runs/{self.id}/resume", json=body if at is None else body | {"at": at})
        return self.refresh()

    def change(self, **values: Any) -> Self:
        """Name, tags and notes."""
        self.record = self._client.ask("PATCH", f"/runs/{self.id}", json=values)
        return self

    def delete(self) -> None:
        self._client.ask("DELETE", f"/runs/{self.id}")

    def history(self, *names: str) -> History:
        """Every point of these series; without names, of all. Raises KeyError, which says what there is, for a name that is none."""
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
        return msgspec.convert(self._client.ask("GET", f"/runs/{self.id}/series", params=query)["series"], list[Series])

    def layers(self, step: float | None = None) -> dict[str, Any]:
        return dict(self._client.ask("GET", f"/runs/{self.id}/layers", params=_at(step)))

    def histograms(self, layer: str, kind: str = "activation") -> dict[str, Any]:
        return dict(self._client.ask("GET", f"/runs/{self.id}/histograms", params={"layer": layer, "kind": kind}))

    def function(self, step: float | None = None) -> dict[str, Any]:
        return dict(self._client.ask("GET", f"/runs/{self.id}/function", params=_at(step)))

    def matrices(self) -> dict[str, list[float]]:
        """Name → the steps at which one is stored."""
        return {one["name"]: one["steps"] for one in self._client.ask("GET", f"/runs/{self.id}/matrices")["items"]}

    def matrix(self, name: str, step: float | None = None) -> dict[str, Any]:
        """`step`, `shape`, `values` (flat), `meta` of the one that is nearest to a step; without one, of the newest."""
        return dict(self._client.ask("GET", f"/runs/{self.id}/matrices/{name}", params=_at(step)))

    def visits(self, step: float | None = None) -> list[int]:
        """How often each training example was in a batch."""
        return [int(count) for count in self.matrix("visits", step)["values"]]

    def classes(self, step: float | None = None) -> list[dict[str, float | None]]:
        """By class, in eval mode: val/loss, val/accuracy, val/examples, and the same of train."""
        table = self.matrix("classes", step)
        columns = table["meta"]["columns"]
        rows = [table["values"][i : i + len(columns)] for i in range(0, len(table["values"]), len(columns))]
        return [dict(zip(columns, row, strict=True)) for row in rows]

    def events(self) -> list[dict[str, Any]]:
        return list(self._client.ask("GET", f"/runs/{self.id}/events")["items"])

    def checkpoints(self) -> list[dict[str, Any]]:
        return list(self._client.ask("GET", f"/runs/{self.id}/checkpoints")["items"])

    def code(self) -> str:
        return str(self._client.ask("GET", f"/runs/{self.id}/code"))

    def export(self, format: str = "csv", language: str = "en") -> Iterator[bytes]:
        """The file, piece by piece: csv or parquet (every point of every series), tensorboard (a zip of an event file), or html
        (one file that replays the run with no server, in English or Korean, `language` "ko")."""
        yield from self._client.stream_bytes(f"/runs/{self.id}/export", {"format": format, "lang": language})


class Client:
    """A server's REST API. `url` and `token` default to DYNASCOPE_URL and DYNASCOPE_TOKEN; `timeout` is seconds that an answer may take.

    Raises ValueError where a URL or a token can't be one.
    """

    def __init__(self, url: str | None = None, token: str | None = None, timeout: float = 60.0) -> None:
        self.url = (url or os.environ.get("DYNASCOPE_URL") or "http://127.0.0.1:8000").rstrip("/")
        token = token or os.environ.get("DYNASCOPE_TOKEN") or ""
        _check_url(self.url)
        if not (token.isascii() and token.isprintable()):
            raise ValueError(f"the token {token!r} can't be one: a token is printable ASCII; give the one that the server printed")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._token, self.timeout = token, timeout
        self._http = httpx.Client(base_url=f"{self.url}/api", headers=headers, timeout=timeout, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def ask(self, method: str, path: str, **request: Any) -> Any:
        """The answer's JSON, its text where it is none, or None where it has no body. Raises Refused, or httpx.TransportError."""
        answer = self._http.request(method, path, **request)
        if answer.is_error:
            raise _refusal(answer)
        if not answer.content:
            return None
        return answer.json() if "json" in answer.headers.get("content-type", "") else answer.text

    def stream_bytes(self, path: str, query: dict[str, Any]) -> Iterator[bytes]:
        with self._http.stream("GET", path, params=query) as answer:
            if answer.is_error:
                answer.read()
                raise _refusal(answer)
            yield from answer.iter_bytes()

    def stream(self, run_id: str, *streams: str) -> Iterator[dict[str, Any]]:
        """What the page sees of a run until it has ended: every frame as a dict, arrays of numpy in it.

        `streams` are those of docs/live.md: "scalars" (the default), "layers", "histograms/<kind>/<layer>", "matrices/<name>".
        """
        self.run(run_id)  # a run that is not there is refused as everywhere
        yield from stream.messages(self.url, self._token, run_id, streams or ("scalars",))

    def start(self, spec: Mapping[str, Any] | None = None) -> Run:
        """Start a run. Where the answer to a call is lost, it asks again, and that starts no second one."""
        return self.run(self._once("/runs", dict(spec or {}))["id"])

    def run(self, id: str) -> Run:
        return Run(self, self.ask("GET", f"/runs/{id}"))

    def runs(
        self, *, status: str | None = None, tag: str | None = None, q: str | None = None, study: str | None = None, most: int = 1000
    ) -> Iterator[Run]:
        """Newest first, page by page."""
        query = {k: v for k, v in {"status": status, "tag": tag, "q": q, "study": study}.items() if v is not None}
        yield from (Run(self, record) for record in self._listed("/runs", query, most))

    def study(
        self,
        base: Mapping[str, Any] | None = None,
        axes: Mapping[str, Sequence[Any]] | None = None,
        seeds: int | Sequence[int] = 1,
        *,
        name: str = "",
        notes: str = "",
    ) -> Study:
        """Start a study: `axes` as `{"norm.name": ["none", "batch"]}`, `seeds` a count or those to take.

        Every call starts one. Where the answer to a call is lost, it asks again, and that starts no second one.
        """
        body = {
            "name": name,
            "notes": notes,
            "base": dict(base or {}),
            "axes": {path: list(values) for path, values in (axes or {}).items()},
            "seeds": seeds if isinstance(seeds, int) else list(seeds),
        }
        return Study(self, self._once("/studies", body))

    def open_study(self, id: str) -> Study:
        return Study(self, self.ask("GET", f"/studies/{id}"))

    def studies(self, most: int = 1000) -> Iterator[Study]:
        """Newest first, page by page; the cells of one are asked for when they are wanted."""
        yield from (Study(self, record) for record in self._listed("/studies", {}, most))

    def _listed(self, path: str, query: Mapping[str, Any], most: int) -> Iterator[dict[str, Any]]:
        query = {**query, "limit": min(most, 200)}
        while most > 0:
            page = self.ask("GET", path, params=query)
            yield from page["items"][:most]
            most -= len(page["items"])
            if page["next"] is None:
                return
            query["cursor"] = page["next"]

    def _once(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Make something; asked again after a lost answer, it is made once."""
        key = {"Idempotency-Key": uuid.uuid4().hex}
        try:
            return dict(self.ask("POST", path, json=body, headers=key))
        except httpx.TransportError:
            return dict(self.ask("POST", path, json=body, headers=key))

    def claims(self, *, curves: bool = True) -> list[dict[str, Any]]:
        """Every experiment of the notes, what came of its newest run, and the verdict that stands."""
        return list(self.ask("GET", "/claims", params={"curves": curves})["items"])

    def claim(self, id: str, *, curves: bool = True, most: int = 10_000) -> dict[str, Any]:
        """One experiment, the newest so many times that it was run, the newest first, and the verdict that stands."""
        return dict(self.ask("GET", f"/claims/{id}", params={"curves": curves, "most": most}))

    def run_claim(self, id: str, *, quick: bool = False, seed: int | None = None) -> dict[str, Any]:
        return dict(self.ask("POST", f"/claims/{id}/run", json={"quick": quick, "seed": seed}))

    def statements(self) -> list[dict[str, Any]]:
        """Every statement of the notes, and what is true of it."""
        return list(self.ask("GET", "/claims", params={"curves": False})["statements"])

    def cancel_claim(self, id: str) -> dict[str, Any]:
        return dict(self.ask("POST", f"/claims/{id}/cancel"))

    def claims_report(self, language: str = "en") -> str:
        """One HTML file with every statement and what came of every experiment, to print or to hand in."""
        return str(self.ask("GET", "/claims/report", params={"lang": language}))

    def catalog(self) -> dict[str, Any]:
        return dict(self.ask("GET", "/catalog"))

    def plan(self, spec: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return dict(self.ask("POST", "/plan", json=dict(spec or {})))

    def upload(
        self, path: str | os.PathLike[str], target: str | None = None, task: str | None = None, name: str | None = None
    ) -> dict[str, Any]:
        """A CSV, Parquet or NPZ file as a data set; what was found in it, and its `id` for `data.params`.

        `target`: the column to learn, the last where none is given. `task`: classification or regression, found out where
        it isn't given. Raises Refused, with the line and the column, for a file that can't be used.
        """
        fields = {key: value for key, value in {"target": target, "task": task, "name": name}.items() if value is not None}
        with open(path, "rb") as file:
            files = {"file": (os.path.basename(path), file)}
            return dict(self.ask("POST", "/datasets", data=fields, files=files, timeout=UPLOAD))

    def datasets(self) -> list[dict[str, Any]]:
        """Uploads, newest first."""
        return list(self.ask("GET", "/datasets")["items"])

    def delete_dataset(self, id: str) -> None:
        self.ask("DELETE", f"/datasets/{id}")

    def slots(self) -> dict[str, Any]:
        return dict(self.ask("GET", "/slots"))

    def health(self) -> dict[str, Any]:
        return dict(self.ask("GET", "/healthz"))

    def ready(self) -> dict[str, Any]:
        return dict(self.ask("GET", "/readyz"))


def _check_url(url: str) -> None:
    try:
        parsed = httpx.URL(url)
        wrong = "" if parsed.scheme in ("http", "https") and parsed.host else "neither http:// nor https:// and a host"
    except httpx.InvalidURL as error:
        wrong = str(error)
    if wrong:
        raise ValueError(f"{url!r} is no server's URL ({wrong}); write it as http://127.0.0.1:8000")


def _at(step: float | None) -> dict[str, float]:
    return {} if step is None else {"step": step}


def _refusal(answer: httpx.Response) -> Refused:
    try:
        said = answer.json()
    except ValueError:
        said = {}
    hint = "; give the token that the server printed (DYNASCOPE_TOKEN, --token)" if answer.status_code == 401 else ""
    return Refused(answer.status_code, str(said.get("detail", answer.reason_phrase)) + hint, said.get("errors", ()))
