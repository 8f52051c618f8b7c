from typing import ClassVar

from torch import nn

from dynascope.sentence import say
from trainer.parts.norms import Norm, OverPositions, affine_field, eps_field, momentum_field, track_field
from trainer.registry import Refused, Texts, register
from trainer.spec import Strict, StrictBool


class Params(Strict):
    eps: float = eps_field()
    momentum: float = momentum_field()
    affine: StrictBool = affine_field(False)
    track: StrictBool = track_field(False)


@register("norm", "instance", Params)
class Instance(Norm):
    texts = Texts(
        label={"en": "Instance normalisation", "ko": "인스턴스 정규화"},
        text={
            "en": "Each channel of each example is shifted and scaled by its own mean and variance over the positions: contrast and brightness go, the picture stays. Made for style transfer; it takes away what classes may differ in. It needs positions: a vector has one value a channel.",
            "ko": "예마다 채널마다 위치에 걸친 자기 평균과 분산으로 맞춥니다. 대비와 밝기는 사라지고 그림은 남습니다. 화풍 변환에서 나왔고, 클래스를 가르는 단서까지 없앨 수 있습니다. 위치가 있어야 하므로 채널마다 값이 하나인 벡터에는 쓸 수 없습니다.",
        },
        source="https://arxiv.org/abs/1607.08022",
    )
    works_with: ClassVar = {"layouts": ["sequence", "image", "volume"]}

    def check(self, channels: int, dims: int, params: Params) -> None:
        if dims == 0:
            msg = say(
                "normalises each channel over its positions, and a vector has one value a channel: nothing would be left; "
                "use layer or group"
            )
            raise Refused("name", msg, "instance")

    def build(self, channels: int, dims: int, params: Params, last: bool) -> nn.Module:
        norm = getattr(nn, f"InstanceNorm{dims}d")(
            channels, eps=params.eps, momentum=params.momentum, affine=params.affine, track_running_stats=params.track
        )
        return OverPositions(norm) if last else norm

    def adjust(self, model: nn.Module, params: Params) -> None:
        for module in model.modules():
            if isinstance(module, nn.modules.instancenorm._InstanceNorm):
                module.momentum = params.momentum
