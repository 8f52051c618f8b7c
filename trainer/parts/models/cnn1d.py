from typing import ClassVar

from trainer.parts.models._convolutional import Convolutional, Params
from trainer.registry import Texts, register


@register("model", "cnn1d", Params)
class Cnn1d(Convolutional):
    texts = Texts(
        label={"en": "Convolutional, 1-d", "ko": "1차원 합성곱망"},
        text={
            "en": "Convolutions along a sequence: each unit sees a few neighbouring positions, and the same weights look everywhere. For signals such as MNIST-1D, where a pattern may stand anywhere; the mean over positions goes to the outputs.",
            "ko": "수열을 따라 합성곱을 합니다. 유닛 하나가 이웃한 몇 자리를 보고 같은 가중치가 모든 자리를 봅니다. MNIST-1D처럼 무늬가 어디에나 있을 수 있는 신호에 알맞고, 자리에 걸친 평균이 출력으로 갑니다.",
        },
        source="https://arxiv.org/abs/2011.14439",
    )
    works_with: ClassVar = {"layouts": ["sequence"], "hidden": True}
