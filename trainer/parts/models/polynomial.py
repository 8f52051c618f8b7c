import math
from collections import OrderedDict
from typing import ClassVar

import torch
from torch import nn

from dynascope.sentence import say
from trainer.parts.datasets import Shape
from trainer.parts.models import Activation, Model, Norm
from trainer.registry import Refused, Texts, register
from trainer.spec import Strict, described


class Params(Strict):
    degree: int = described(
        5, label=("Degree", "차수"), help=("The highest power.", "가장 높은 차수."), ge=1, le=50, strict=True, span=(1, 15)
    )


class Legendre(nn.Module):
    """√(2k + 1) · P_k for k = 1 … degree of inputs [n, 1] whose span is mapped onto [−1, 1]: [n, degree].

    With this scale they are orthonormal for inputs spread evenly over their span, so that gradient descent converges. The
    constant term is the bias of the next layer.
    """

    span: torch.Tensor

    def __init__(self, degree: int) -> None:
        super().__init__()
        self._degree = degree
        self.register_buffer("span", torch.tensor([-1.0, 1.0]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        low, high = self.span[0], self.span[1]
        x = (2 * x - low - high) / (high - low)
        before, now = torch.ones_like(x), x
        powers = [math.sqrt(3) * x]
        for k in range(1, self._degree):
            before, now = now, ((2 * k + 1) * x * now - k * before) / (k + 1)
            powers.append(math.sqrt(2 * k + 3) * now)
        return torch.cat(powers, dim=1)


@register("model", "polynomial", Params)
class Polynomial(Model):
    texts = Texts(
        label={"en": "Polynomial", "ko": "다항식"},
        text={
            "en": "A polynomial of one input: Legendre polynomials up to a degree, then a linear layer. Its capacity is a single number, so it "
            "shows underfitting at a low degree and overfitting at a high one without anything else in the way. The training inputs' span is "
            "mapped onto [−1, 1].",
            "ko": "입력 하나의 다항식으로, 정해진 차수까지의 르장드르 다항식과 선형 계층으로 이루어집니다. 용량이 숫자 하나로 정해져서 차수가 낮을 때의 "
            "과소적합과 높을 때의 과대적합이 그대로 드러납니다. 훈련 입력의 범위를 [−1, 1]로 옮깁니다.",
        },
        source="https://docs.scipy.org/doc/scipy/reference/generated/scipy.special.legendre_p.html",
    )
    works_with: ClassVar = {"layouts": ["vector"], "hidden": False, "inputs": 1}

    def check(self, shape: Shape, params: Params) -> None:
        inputs = math.prod(shape.inputs)
        if inputs != 1:
            raise Refused(
                "name",
                say("reads one number an example and these data have {inputs}; use sine, a table of one column, or mlp", inputs=inputs),
                self.name,
            )

    def build(self, shape: Shape, params: Params, norm: Norm, activation: Activation, placement: str) -> nn.Module:
        return nn.Sequential(OrderedDict(powers=Legendre(params.degree), out=nn.Linear(params.degree, shape.outputs)))

    def see(self, model: nn.Module, x: torch.Tensor) -> None:
        for module in model.modules():
            if isinstance(module, Legendre):
                module.span.copy_(torch.stack([x.min(), torch.maximum(x.max(), x.min() + 1e-6)]))

    def adjust(self, model: nn.Module, params: Params) -> None:
        """A polynomial has nothing to adjust."""
