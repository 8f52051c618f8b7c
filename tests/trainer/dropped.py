"""A part and a probe as a user would drop them into their folders."""

INIT = """
import torch

from trainer.parts.inits import Fan, Init
from trainer.registry import NoParams, Texts, register


@register("init", "half")
class Half(Init):
    texts = Texts(label={"en": "Half", "ko": "절반"}, text={"en": "All 0.5.", "ko": "모두 0.5."}, source="https://example.org/")

    def apply(self, weight: torch.Tensor, fan: Fan, params: NoParams, generator: torch.Generator) -> None:
        weight.fill_(0.5)
"""

#: It can't be measured.
PROBE = """
from dynascope.probes import Probe


class Hopeless(Probe):
    name, at, cost, quantities = "hopeless", "backward", "free", ("hopeless/number",)

    def reset(self):
        pass

    def measure(self, row, tensor):
        raise ZeroDivisionError("hopeless")
"""
