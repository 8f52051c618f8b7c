from typing import ClassVar

from trainer.parts.models._convolutional import Convolutional, Params
from trainer.registry import Texts, register


@register("model", "cnn3d", Params)
class Cnn3d(Convolutional):
    texts = Texts(
        label={"en": "Convolutional, 3-d", "ko": "3차원 합성곱망"},
        text={
            "en": "Convolutions over volumes: depth, rows and columns. Slow on a CPU, so keep it narrow; use it to see that normalisations over three axes of positions are the same as over two.",
            "ko": "부피(깊이·행·열) 위의 합성곱입니다. CPU에서는 느리니 좁게 두고, 세 축에 걸친 정규화가 두 축의 것과 같은 원리임을 볼 때 씁니다.",
        },
        source="https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv3d.html",
    )
    works_with: ClassVar = {"layouts": ["volume"], "hidden": True}
