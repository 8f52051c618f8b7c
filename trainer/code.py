"""A run as a plain PyTorch script of a page: the product's own functions, its parameters inlined, and one loop."""

import pprint
from collections.abc import Sequence
from typing import Any

from dynascope import __version__
from trainer import build, data, registry
from trainer.excerpt import Excerpt
from trainer.losses import loss_for
from trainer.parts.inits import fan_of
from trainer.plan import Plan, PlanError, part_params, plan, with_changes
from trainer.spec import FieldError, RunSpec

#: Live changes that a script repeats, and those that change no number.
REPEATED = ("optimizer.params.", "penalty.l1", "penalty.l2", "optimizer.clip_norm")
IDLE = ("pace", "probes.", "name", "tags", "notes", "stop.")


def script(spec: RunSpec, changes: Sequence[tuple[float, dict[str, Any]]] = (), steps: int | None = None) -> str:
    """`changes`: (step, {dotted path: value}) as they were made; `steps`: how many were made, None for all that the spec asks.

    Raises PlanError for a change that a script can't repeat.
    """
    planned = plan(spec)
    excerpt = Excerpt()
    body = "\n".join(
        [*_data(planned, excerpt), "", *_model(planned, excerpt), "", *_loop(planned, excerpt, _settings(spec, changes), steps)]
    )
    imports = sorted({"import sys", "import torch", *excerpt.imports}, key=lambda line: (line.startswith("from"), line))
    title = spec.name.replace("\\", "/").replace('"""', "'''") or "a run"
    head = f'"""{title}, as Dynascope {__version__} trained it. `python {{this file}} losses.csv` writes every training loss."""'
    return "\n\n".join([head, "\n".join(imports), f"torch.set_num_threads(1)\nSEED = {spec.seed}", "", excerpt.text(), "", body]) + "\n"


def _data(planned: Plan, excerpt: Excerpt) -> list[str]:
    spec, params, classes, sizes = planned.spec, part_params(planned.spec), planned.shape.classes, planned.sizes
    excerpt.define(build.derived, "derived", {})
    known = {f"params.{name}": value for name, value in params["dataset"].model_dump().items()}
    excerpt.define(registry.part("dataset", spec.data.name).load, "load", known, drop=("params",))
    excerpt.define(data.split, "split", {})
    lines = [
        'x, y = load(derived(SEED, "data"))',
        f'train, val, test = split(y, {classes}, {sizes["train"]}, {sizes["val"]}, {sizes["test"]}, derived(SEED, "split") % 2**32)',
    ]
    if spec.data.standardize:
        excerpt.define(data.moments, "moments", {})
        lines += ["mean, std = moments(x[train])", "x = ((x - mean) / std).astype(np.float32)"]
        if not classes:
            lines += ["mean, std = (float(v) for v in moments(y[train]))", "y = ((y - mean) / std).astype(np.float32)"]
        excerpt.imports.add("import numpy as np")
    lines += ["x, y = torch.from_numpy(x), torch.from_numpy(y)", "x_train, y_train = x[train], y[train]"]
    if classes and spec.data.label_noise:
        excerpt.define(data.with_noise, "with_noise", {})
        lines.append(f'y_train, corrupted = with_noise(y_train, {classes}, {spec.data.label_noise}, derived(SEED, "noise"))')
    return lines


def _model(planned: Plan, excerpt: Excerpt) -> list[str]:
    spec, params, shape = planned.spec, part_params(planned.spec), planned.shape
    norm, activation = registry.part("norm", spec.norm.name), registry.part("activation", spec.model.activation.name)
    of_norm = {f"params.{k}": v for k, v in params["norm"].model_dump().items()}
    of_activation = {f"params.{k}": v for k, v in params["activation"].model_dump().items()}
    of_model = {f"params.{k}": v for k, v in params["model"].model_dump().items()} | {"placement": spec.norm.placement}
    of_model |= {"shape.inputs": shape.inputs, "shape.outputs": shape.outputs, "shape.classes": shape.classes}
    if registry.part("model", spec.model.name).works_with.get("hidden", True):
        excerpt.define(norm.build, "norm", of_norm, drop=("params",))
        excerpt.define(activation.build, "activation", of_activation, drop=("params",))
    excerpt.define(registry.part("model", spec.model.name).build, "build", of_model, drop=("params", "norm", "activation"))
    init = registry.part("init", spec.init.name)
    of_init = {f"params.{k}": v for k, v in params["init"].model_dump().items()}
    excerpt.define(init.apply, "initialise", of_init, drop=("params",))
    excerpt.define(init.bias, "initialise_bias", of_init, drop=("params",))
    fits = _overrides(init, "fit")
    if fits:
        excerpt.define(init.fit, "fit", of_init, drop=("params",))
    excerpt.define(fan_of, "fan_of", {})
    excerpt.imports |= {"from torch import nn"}
    lines = [
        'torch.manual_seed(derived(SEED, "torch"))',
        "model = build()",
        "with torch.no_grad():",
        "    for name, module in model.named_modules():",
        "        if isinstance(module, nn.Linear):",
        '            generator = torch.Generator().manual_seed(derived(SEED, f"init/{name}"))',
        f'            fan = fan_of(module.weight, 1.0 if name == "out" else {activation.gain(params["activation"])!r})',
        "            initialise(module.weight, fan, generator)",
        "            initialise_bias(module.bias, fan, generator)",
    ]
    if fits:
        lines += ["    model.eval()", f"    fit(model, x_train[:{build.FIT}])", "    model.train()"]
    lines += ["weights = [p for p in model.parameters() if p.ndim >= 2]", 'torch.manual_seed(derived(SEED, "dropout"))']
    return lines


def _loop(planned: Plan, excerpt: Excerpt, settings: dict[int, dict[str, Any]], made: int | None) -> list[str]:
    spec, params, classes = planned.spec, part_params(planned.spec), planned.shape.classes
    excerpt.define(loss_for(spec.loss, classes), "loss_of", {})
    optimizer = registry.part("optimizer", spec.optimizer.name)
    own = ", ".join(f"{k}={v!r}" for k, v in optimizer.arguments(params["optimizer"]).items())
    now: dict[str, Any] = {
        "lr": spec.optimizer.params["lr"],
        "l1": spec.penalty.l1,
        "l2": spec.penalty.l2,
        "clip": spec.optimizer.clip_norm,
    }
    steps = planned.steps if made is None else min(made, planned.steps)
    early = spec.stop.early
    penalised = any(s.get("l1") or s.get("l2") for s in (now, *settings.values()))
    clipped = any(s.get("clip") is not None for s in (now, *settings.values()))
    penalty = registry.part("penalty", spec.penalty.method)
    acts = {name: _overrides(penalty, name) and penalised for name in ("add_gradient", "decay", "shrink")}
    for name, does in acts.items():
        if does:
            excerpt.define(getattr(penalty, name), name, {})
    if spec.optimizer.schedule:
        known = {f"params.{k}": v for k, v in params["schedule"].model_dump().items()} | {"steps": planned.steps}
        excerpt.define(registry.part("schedule", spec.optimizer.schedule.name).factor, "factor", known, drop=("params",))
    excerpt.imports |= {"import copy"} if early and early.restore_best else set()
    per_epoch, batch = planned.steps_per_epoch, planned.batch
    accurate = ", (output.argmax(1) == y).float().mean().item()" if classes else ", float('nan')"
    better = f"{'-' if not early or early.monitor == 'val/loss' else ''}value[{0 if not early or early.monitor == 'val/loss' else 1}]"
    lines = [
        f"optimizer = torch.optim.{optimizer.of_torch.__name__}(model.parameters(), {own})",
        'order = torch.Generator().manual_seed(derived(SEED, "order"))',
        f"now = {now!r}",
        f"CHANGES = {pprint.pformat(settings, width=120)}  # what was changed while it ran, by step" if settings else "",
        "",
        "",
        "def evaluate(x, y):",
        "    model.eval()",
        "    with torch.no_grad():",
        "        output = model(x)",
        f"        found = loss_of(output, y).item(){accurate}",
        "    model.train()",
        "    return found",
        "",
        "",
        "losses, step, best, waited, kept = [], 0, -float('inf'), 0, None" if early else "losses, step = [], 0",
        "while True:",
        f"    at = step % {per_epoch}",
        "    if at == 0:",
        "        value = evaluate(x[val], y[val])",
        '        print(f"step {step:6}  validation loss {value[0]:.4f}  accuracy {value[1]:.4f}")',
    ]
    if early:
        keep = "copy.deepcopy(model.state_dict())" if early.restore_best else "None"
        lines += [
            f"        if {better} > best + {early.min_delta!r}:",
            f"            best, waited, kept = {better}, 0, {keep}",
            "        else:",
            "            waited += 1",
            f"        if waited >= {early.patience}:",
            "            break",
        ]
    lines += [
        "        visits = torch.randperm(len(y_train), generator=order)",
        f"    if step == {steps}:",
        "        break",
        *(["    change = CHANGES.get(step, {})", "    now.update({k: v for k, v in change.items() if k in now})"] if settings else []),
        *(["    optimizer.param_groups[0].update({k: v for k, v in change.items() if k not in now})"] if settings else []),
        f"    optimizer.param_groups[0]['lr'] = now['lr']{' * factor(step)' if spec.optimizer.schedule else ''}",
        f"    chosen = visits[at * {batch} : (at + 1) * {batch}]",
        "    loss = loss_of(model(x_train[chosen]), y_train[chosen])",
        "    loss.backward()",
        "    losses.append(loss.item())",
        *(["    if now['l1'] or now['l2']:", "        add_gradient(weights, now['l1'], now['l2'])"] if acts["add_gradient"] else []),
        *(["    if now['clip'] is not None:", "        nn.utils.clip_grad_norm_(model.parameters(), now['clip'])"] if clipped else []),
        *(["    decay(weights, optimizer.param_groups[0]['lr'], now['l1'], now['l2'])"] if acts["decay"] else []),
        "    optimizer.step()",
        *(["    shrink(weights, optimizer.param_groups[0]['lr'], now['l1'], now['l2'])"] if acts["shrink"] else []),
        "    optimizer.zero_grad()",
        "    step += 1",
        *(["if kept is not None:", "    model.load_state_dict(kept)"] if early and early.restore_best else []),
        "loss, accuracy = evaluate(x[test], y[test])",
        'print(f"test loss {loss:.4f}  accuracy {accuracy:.4f}")',
        "if len(sys.argv) > 1:",
        '    with open(sys.argv[1], "w") as file:',
        '        file.writelines(f"{loss!r}\\n" for loss in losses)',
    ]
    return [line for i, line in enumerate(lines) if line or i > 3]


def _overrides(part: Any, name: str) -> bool:
    """Whether a part has a method of its own: the base's does nothing."""
    return name in vars(type(part))


def _settings(spec: RunSpec, changes: Sequence[tuple[float, dict[str, Any]]]) -> dict[int, dict[str, Any]]:
    """Live changes as the script applies them: penalties and clipping by short names, the rest as the optimizer's groups hold it."""
    out: dict[int, dict[str, Any]] = {}
    for step, changed in changes:
        wrong = [path for path in changed if not path.startswith(REPEATED) and not path.startswith(IDLE)]
        if wrong:
            msg = f"was changed at step {step:g}, which a script can't repeat; it can: {', '.join(REPEATED)}"
            raise PlanError([FieldError(loc=path, msg=msg, got=changed[path]) for path in wrong])
        spec = with_changes(spec, changed)
        at = out.setdefault(int(step), {})
        short = {"penalty.l1": "l1", "penalty.l2": "l2", "optimizer.clip_norm": "clip"}
        at |= {short[path]: value for path, value in changed.items() if path in short}
        if any(path.startswith("optimizer.params.") for path in changed):
            at |= registry.part("optimizer", spec.optimizer.name).settings(part_params(spec)["optimizer"])
    return {step: at for step, at in out.items() if at}
