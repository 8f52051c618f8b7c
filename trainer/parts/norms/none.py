from typing import ClassVar

from torch import nn

from trainer.parts.norms import Norm
from trainer.registry import NoParams, Texts, register


@register("norm", "none")
class NoNorm(Norm):
    texts = Texts(
        label={"en": "None", "ko": "없음"},
        text={
            "en": "Activations pass as they are. How well a deep network trains then depends on its initialisation and learning rate.",
            "ko": "활성값을 그대로 넘깁니다. 깊은 망의 학습은 가중치 초기화와 학습률에 크게 좌우됩니다.",
        },
        source="https://arxiv.org/abs/1901.09321",
    )
    works_with: ClassVar = {"layouts": ["vector", "sequence", "image", "volume"]}
    by_position: ClassVar[bool] = True

    def build(self, channels: int, dims: int, params: NoParams, last: bool) -> nn.Module | None:
        return None
