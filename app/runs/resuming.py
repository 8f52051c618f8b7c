"""How an ended run resumes: from a checkpoint or from its beginning, with the live changes that were made after that point."""

import os
import shutil
from pathlib import Path
from typing import Any

from app.runs.active import changes_of, with_changes
from app.words.problems import Problem
from dynascope.sentence import say
from trainer.spec import FieldError

#: Ends after which a run can resume as it is, and ends after which something has to be changed.
AS_IT_IS, CHANGED = ("stopped", "failed", "interrupted"), ("finished", "diverged")


def refuse_unless_it_can(record: dict[str, Any], changes: dict[str, Any]) -> None:
    """Raises Problem: 409 if the run has not ended, 422 if it would end the same way again."""
    status = record["status"]
    if status not in AS_IT_IS + CHANGED:
        hint = say("resume it by the control `resume`") if status == "paused" else say("stop it, or wait for its end")
        raise Problem(409, say("the run has not ended, it is {status}; {hint}", status=status, hint=hint))
    if status == "diverged" and not changes:
        msg = say("the run diverged and would again: change something, as a smaller optimizer.params.lr or a clip_norm")
        raise Problem.of_fields([FieldError(loc="changes", msg=msg, got=changes)])


def there(events: list[dict[str, Any]], folder: Path) -> list[dict[str, Any]]:
    """The reported checkpoints of a run that exist in its folder, oldest first."""
    told = {
        e["data"]["file"]: {"step": e["step"], "file": e["data"]["file"], "time": e["time"], "automatic": e["data"].get("automatic", False)}
        for e in events
        if e["kind"] == "checkpoint"
    }
    return [c for c in told.values() if (folder / Path(c["file"]).name).exists()]


def keep_newest(folder: Path) -> None:
    """Delete the automatic checkpoints of an ended run, except one that is the newest of all."""
    held = sorted(folder.glob("*.safetensors"), key=lambda path: int(path.name.split(".")[0]))
    for path in held[:-1]:
        if path.name.endswith(".auto.safetensors"):
            path.unlink(missing_ok=True)


def point_of(record: dict[str, Any], held: list[dict[str, Any]], at: float | None) -> tuple[float, str | None]:
    """`(step, checkpoint file)` to continue from; no file means a start from the beginning. `held`: its checkpoints."""
    beginning = float(record["forked_at"] or 0.0)
    found = [c for c in held if at is None or c["step"] == at]
    if found:
        newest = max(found, key=lambda c: c["step"])
        return float(newest["step"]), str(newest["file"])
    if at is None or at == beginning:
        return beginning, None
    steps = ", ".join(f"{step:g}" for step in sorted({beginning, *(c["step"] for c in held)})[-20:])
    raise Problem.of_fields(
        [FieldError(loc="at", msg=say("there is no checkpoint at this step; these there are: {steps}", steps=steps), got=at)]
    )


def made_before(record: dict[str, Any], events: list[dict[str, Any]], step: float) -> dict[str, Any]:
    """The spec as it was at a step."""
    return with_changes(record["spec"], [event for event in events if event["step"] <= step])


def made_after(
    record: dict[str, Any], events: list[dict[str, Any]], step: float, changes: dict[str, Any]
) -> tuple[dict[str, Any], list[list[Any]]]:
    """`(changes to make at once, [[step, changes], ...] to make again)`: the changes made after a step, without the fields in `changes`.

    If an earlier resume had postponed the end, the end is postponed at once.
    """
    made: list[tuple[float, dict[str, Any], bool]] = [(e["step"], changes_of(e), e["kind"] == "resumed") for e in events]
    made = [one for one in made if one[0] > step and one[1]]
    waiting = [e["data"].get("again", []) for e in events if e["kind"] == "resumed"][-1:]
    made += [(at, what, False) for at, what in (waiting[0] if waiting else []) if at >= max(step, record["step"] or 0.0)]
    at_once: dict[str, Any] = {}
    again = []
    for at, what, by_resuming in sorted(made, key=lambda one: one[0]):
        later: dict[str, Any] = {}
        for path, value in what.items():
            if path in changes:
                continue
            (at_once if by_resuming and path.startswith("stop.") else later)[path] = value
        if later:
            again.append([at, later])
    return at_once | changes, again


def began_with(events: list[dict[str, Any]], attempt: int, folder: Path, forked: Path) -> dict[str, Any]:
    """The fields of a worker's job that say how this attempt begins. `forked`: the checkpoint from which a forked run began."""
    told: dict[str, Any] = next((e["data"] for e in events if (e["kind"], e["attempt"]) == ("resumed", attempt)), {})
    file = told.get("checkpoint")
    begin = folder / file if file else forked
    return {"begin": str(begin.resolve()) if file or begin.exists() else None, "resumed": bool(file), "again": told.get("again", [])}


def link(source: Path, target: Path) -> None:
    """Link or copy a checkpoint that must outlive its run."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without links
        shutil.copyfile(source, target)
