from typing import ClassVar

from torch import nn

from trainer.parts.norms import Norm, OfAllPositions, affine_field, eps_field, momentum_field, track_field
from trainer.registry import Texts, register
from trainer.spec import Strict, StrictBool


class Params(Strict):
    eps: float = eps_field()
    momentum: float = momentum_field()
    affine: StrictBool = affine_field()
    track: StrictBool = track_field(True)


@register("norm", "batch", Params)
class Batch(Norm):
    texts = Texts(
        label={"en": "Batch normalisation", "ko": "배치 정규화"},
        text={
            "en": "Each channel is shifted and scaled by its mean and variance over the mini-batch; in eval mode by their running "
            "averages. Allows much larger learning rates; needs batches that are not tiny.",
            "ko": "채널마다 미니배치의 평균과 분산으로 맞추고, 평가 때는 이동 평균과 이동 분산을 씁니다. 훨씬 큰 학습률을 쓸 수 있지만 배치가 너무 작으면 "
            "안 됩니다.",
        },
        source="https://arxiv.org/abs/1502.03167",
    )
    works_with: ClassVar = {"layouts": ["vector", "sequence", "image", "volume"], "min_batch": 2}
    needs_two: ClassVar[bool] = True

    def build(self, channels: int, dims: int, params: Params, last: bool) -> nn.Module:
        norm = getattr(nn, f"BatchNorm{max(dims, 1)}d")(
            channels, eps=params.eps, momentum=params.momentum, affine=params.affine, track_running_stats=params.track
        )
        return OfAllPositions(norm) if last else norm

    def adjust(self, model: nn.Module, params: Params) -> None:
        for module in model.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.momentum = params.momentum
