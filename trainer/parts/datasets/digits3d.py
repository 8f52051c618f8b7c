import numpy as np
from sklearn.datasets import load_digits

from trainer.parts.datasets import Dataset, Raw, Shape, noise_field
from trainer.registry import Texts, register
from trainer.spec import Strict, described


class Params(Strict):
    depth: int = described(8, label=("Slices", "층의 수"), help=("Of each volume.", "입체마다."), ge=2, le=16, strict=True, span=(2, 16))
    shift: int = described(
        1,
        label=("Shift", "이동"),
        help=("Rows and columns by which a digit is moved at most.", "숫자를 옮기는 행과 열의 최댓값."),
        ge=0,
        le=3,
        strict=True,
        span=(0, 3),
    )
    noise: float = noise_field(0.1, "복셀마다 더하는 표준편차. 값은 0과 1이다.", "Deviation added to each voxel; the values are 0 and 1.")


def _extruded(images: np.ndarray, depth: int) -> np.ndarray:
    """Intensities 0 to 16 [n, rows, columns] → 0 or 1 [n, depth, rows, columns]: a pixel fills slices in proportion to its intensity."""
    reach = np.rint(images / 16 * depth)
    return (np.arange(depth)[None, :, None, None] < reach[:, None]).astype(np.float32)


def _moved(volumes: np.ndarray, shift: int, rng: np.random.Generator) -> np.ndarray:
    """Each volume moves by its own whole number of rows and columns; parts outside are lost, new parts are empty."""
    wide = np.pad(volumes, ((0, 0), (0, 0), (shift, shift), (shift, shift)))
    rows, columns = volumes.shape[2:]
    starts = rng.integers(0, 2 * shift + 1, (len(volumes), 2))
    return np.stack([one[:, r : r + rows, c : c + columns] for one, (r, c) in zip(wide, starts, strict=True)])


@register("dataset", "digits3d", Params)
class Digits3D(Dataset):
    texts = Texts(
        label={"en": "Digits as volumes", "ko": "입체로 만든 숫자"},
        text={
            "en": "The 1,797 handwritten digits extruded: the darker a pixel, the more slices it reaches, then each digit is shifted and noise is added, drawn anew from the seed. No scan of anything: a small ground on which a 3-d convolution can be compared with a network that reads the same voxels as a vector.",
            "ko": "손글씨 숫자 1,797개를 깊이 방향으로 밀어낸 것으로, 짙은 픽셀일수록 여러 층에 걸치며, 숫자마다 조금 옮기고 노이즈를 더합니다(시드마다 새로). 실제로 촬영한 입체가 아니라, 3차원 합성곱과 같은 복셀을 벡터로 읽는 망을 비교하기 위한 작은 데이터입니다.",
        },
        source="https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits",
    )

    def shape(self, params: Params) -> Shape:
        return Shape(1797, {"vector": (params.depth * 64,), "volume": (1, params.depth, 8, 8)}, 10)

    def load(self, params: Params, seed: int) -> Raw:
        x, y = load_digits(return_X_y=True)
        rng = np.random.default_rng(seed)
        volumes = _moved(_extruded(x.reshape(-1, 8, 8), params.depth), params.shift, rng)
        volumes = volumes + rng.normal(0, params.noise, volumes.shape)
        return volumes[:, None].astype(np.float32), y.astype(np.int64)
