from typing import ClassVar

from dynascope.sentence import say
from trainer.parts.datasets import Dataset, Raw, Shape, Uploaded, uploaded_shape
from trainer.registry import Refused, Texts, register
from trainer.uploads import upload_arrays, upload_path, upload_record


class Params(Uploaded):
    id: str = Uploaded.of("arrays")


@register("dataset", "arrays", Params)
class Arrays(Dataset):
    texts = Texts(
        label={"en": "Your arrays (NPZ)", "ko": "내 배열(NPZ)"},
        text={
            "en": "A NumPy archive that was uploaded, with x of two to five dimensions and y: vectors, sequences (examples, positions, features), images (examples, channels, rows, columns) or volumes (examples, channels, depth, rows, columns). For data that no table holds; sequences of several lengths end in NaN.",
            "ko": "올린 NumPy 묶음으로, x는 2~5차원이고 y가 있습니다. 벡터, 순서열(예, 자리, 특징), 이미지(예, 채널, 행, 열), 입체(예, 채널, 깊이, 행, 열)를 담습니다. 표에 담기지 않는 데이터에 쓰며, 길이가 다른 순서열은 끝을 NaN으로 채웁니다.",
        },
        source="https://numpy.org/doc/stable/reference/generated/numpy.savez.html",
    )
    works_with: ClassVar = {"layouts": ["vector", "sequence", "image", "volume"]}

    def shape(self, params: Params) -> Shape:
        return uploaded_shape(upload_record(params.id, "arrays"))

    def load(self, params: Params, seed: int) -> Raw:
        if not upload_path(params.id).exists():
            raise Refused("id", say("this upload was deleted; upload it again, and choose the new one"), params.id)
        return upload_arrays(params.id)
