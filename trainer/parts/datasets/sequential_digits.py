from typing import Literal

import numpy as np
from sklearn.datasets import load_digits

from trainer.parts.datasets import Dataset, Raw, Shape
from trainer.registry import Texts, register
from trainer.spec import Strict, StrictBool, described


class Params(Strict):
    order: Literal["rows", "pixels"] = described(
        "rows",
        label=("Read by", "읽는 단위"),
        help=("rows: 8 positions of 8 pixels. pixels: 64 positions of one.", "rows: 픽셀 8개씩 8번. pixels: 하나씩 64번."),
    )
    variable: StrictBool = described(
        False,
        label=("Several lengths", "여러 길이"),
        help=("Each digit is cut off somewhere in its second half.", "숫자마다 뒤쪽 절반 어딘가에서 자른다."),
    )


def _cut(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """NaN after the end of each sequence; lengths are uniform between half of the positions and all."""
    positions = x.shape[1]
    lengths = rng.integers(positions // 2, positions + 1, len(x))
    return np.where(np.arange(positions)[None, :, None] < lengths[:, None, None], x, np.float32(np.nan))


@register("dataset", "sequential_digits", Params)
class SequentialDigits(Dataset):
    texts = Texts(
        label={"en": "Digits as sequences", "ko": "순서열로 읽는 숫자"},
        text={
            "en": "The 1,797 handwritten digits read from top to bottom, a row or a pixel at a time, so that the class is known only at the end. Pixel by pixel a network has to remember over 64 positions, which is where vanishing gradients show; with several lengths, what is behind an end is padding.",
            "ko": "손글씨 숫자 1,797개를 위에서 아래로 한 행씩 또는 한 픽셀씩 읽으므로, 끝까지 읽어야 클래스를 압니다. 픽셀로 읽으면 64자리를 기억해야 해서 기울기 소실이 드러납니다. 여러 길이로 하면 끝 뒤는 패딩입니다.",
        },
        source="https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits",
    )

    def shape(self, params: Params) -> Shape:
        sequence = (8, 8) if params.order == "rows" else (64, 1)
        if params.variable:
            return Shape(1797, {"sequence": sequence}, 10, padded=True)
        return Shape(1797, {"sequence": sequence, "vector": (64,)}, 10)

    def load(self, params: Params, seed: int) -> Raw:
        x, y = load_digits(return_X_y=True)
        x = x.astype(np.float32).reshape(len(x), *((8, 8) if params.order == "rows" else (64, 1)))
        return _cut(x, np.random.default_rng(seed)) if params.variable else x, y.astype(np.int64)
