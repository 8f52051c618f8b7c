"""What each preset's runs end with, on seeds they were not made with, beside the band that was measured when they were made."""

import numpy as np

from benchmarks.rows import Row
from dynascope.sinks.memory import Memory
from tests.trainer.running import Record, record_of
from trainer import loop, presets, registry
from trainer.control import Commands
from trainer.spec import RunSpec

SEEDS = (101, 102, 103)
#: Test accuracy of each arm.
BANDS = {
    "three_beginnings": ((0.94, 0.98), (0.10, 0.10), (0.28, 0.41)),
    "depth_and_batch_norm": ((0.95, 0.97), (0.10, 0.10)),
    "batches_of_two": ((0.34, 0.53), (0.92, 0.95), (0.93, 0.97)),
    "all_weights_equal": ((0.18, 0.24), (0.94, 0.97)),
    "dead_units": ((0.25, 0.64), (0.93, 0.98)),
    "noise_by_heart": ((0.73, 0.82),),
}


def ended(spec: RunSpec) -> Record:
    sink = Memory()
    loop.run(spec, sink, Commands())
    return record_of(sink)


def main() -> list[Row]:
    registry.discover()
    stories = {preset.name: preset for preset in presets.discover()}
    rows = []
    for name, bands in BANDS.items():
        for arm, (low, high) in zip(stories[name].arms, bands, strict=False):
            specs = [RunSpec.model_validate(arm.spec | {"seed": seed, "pace": None}) for seed in SEEDS]
            found = [ended(spec).values("test/accuracy")[0] for spec in specs]
            inside = np.mean([low - 0.015 <= value <= high + 0.015 for value in found])
            text = ", ".join(f"{value:.3f}" for value in found)
            rows.append(Row(f"{name}, {arm.label['en']}: test accuracy", text, f"{low:.2f} to {high:.2f}", float(inside)))
    return rows
