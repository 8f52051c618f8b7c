import torch
from torch import nn

from trainer.parts.inits import Fan, Init
from trainer.registry import Texts, register
from trainer.spec import Strict, described


class Params(Strict):
    tolerance: float = described(
        0.01,
        label=("Tolerance", "허용 오차"),
        help=("How far from 1 the variance may stay.", "분산이 1에서 벗어나도 되는 정도."),
        gt=0,
        lt=1,
        scale="log",
        span=(1e-3, 0.5),
    )


def _real(model: nn.Module, output: torch.Tensor) -> torch.Tensor:
    """The output without the positions that are padding."""
    real = getattr(model, "real_positions", None)
    return output if real is None or output.ndim != 3 or output.shape[:2] != real.shape else output[real]


@register("init", "lsuv", Params)
class Lsuv(Init):
    texts = Texts(
        label={"en": "LSUV", "ko": "LSUV"},
        text={
            "en": "Layer-sequential unit variance: orthogonal weights, then layer by layer scaled until the outputs of a batch of training data have variance 1. Fits any activation, because it measures instead of assuming. Recurrent layers stay orthogonal.",
            "ko": "계층을 차례로 단위 분산에 맞춥니다. 직교 가중치에서 시작해 훈련 데이터 한 묶음의 출력 분산이 1이 될 때까지 계층마다 크기를 조절합니다. 가정하지 않고 재기 때문에 어떤 활성화 함수에도 맞습니다. 순환 계층은 직교로 둡니다.",
        },
        source="https://arxiv.org/abs/1511.06422",
    )

    def apply(self, weight: torch.Tensor, fan: Fan, params: Params, generator: torch.Generator) -> None:
        torch.nn.init.orthogonal_(weight, generator=generator)

    def fit(self, model: nn.Module, x: torch.Tensor, params: Params) -> None:
        for layer in [m for m in model.modules() if isinstance(m, (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d))]:
            outputs: list[torch.Tensor] = []
            handle = layer.register_forward_hook(lambda module, args, output, outputs=outputs: outputs.append(output))
            for _ in range(10):
                outputs.clear()
                model(x)
                variance = _real(model, outputs[0]).var(correction=0).item()
                if abs(variance - 1) <= params.tolerance or variance < 1e-12:
                    break
                layer.weight.div_(variance**0.5)
            handle.remove()
