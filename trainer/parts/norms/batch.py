from typing import ClassVar

from torch import nn

from trainer.parts.norms import Norm, affine_field, eps_field
from trainer.registry import Texts, register
from trainer.spec import Strict, StrictBool, described


class Params(Strict):
    eps: float = eps_field()
    momentum: float = described(
        0.1,
        label=("Momentum", "모멘텀"),
        help=("Share of each batch in the running statistics.", "이동 통계에 배치 하나가 차지하는 비율."),
        live=True,
        gt=0,
        le=1,
    )
    affine: StrictBool = affine_field()


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
    works_with: ClassVar = {"layouts": ["vector"], "min_batch": 2}

    def build(self, channels: int, spatial_dims: int, params: Params) -> nn.Module:
        return nn.BatchNorm1d(channels, eps=params.eps, momentum=params.momentum, affine=params.affine)

    def adjust(self, model: nn.Module, params: Params) -> None:
        for module in model.modules():
            if isinstance(module, nn.BatchNorm1d):
                module.momentum = params.momentum
