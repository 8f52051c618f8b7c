from typing import ClassVar

from dynascope.sentence import say
from trainer.parts.datasets import Dataset, Raw, Shape, Uploaded, uploaded_shape
from trainer.registry import Refused, Texts, register
from trainer.uploads import upload_arrays, upload_path, upload_record


class Params(Uploaded):
    id: str = Uploaded.of("table")


@register("dataset", "table", Params)
class Table(Dataset):
    texts = Texts(
        label={"en": "Your table (CSV, Parquet)", "ko": "내 표(CSV, Parquet)"},
        text={
            "en": "A table that was uploaded: one row an example, columns of numbers as features, one column as the target. For your own data: what is found in it is shown before it is used, and a value that is missing or no number is named by line and column.",
            "ko": "올린 표입니다. 한 행이 예 하나, 숫자 열이 특징, 한 열이 목표값입니다. 자신의 데이터로 볼 때 쓰며, 쓰기 전에 무엇을 찾았는지 보여 주고 빠진 값이나 숫자가 아닌 값은 줄과 열로 알려 줍니다.",
        },
        source="https://arrow.apache.org/docs/python/parquet.html",
    )
    works_with: ClassVar = {"layouts": ["vector"]}

    def shape(self, params: Params) -> Shape:
        return uploaded_shape(upload_record(params.id, "table"))

    def load(self, params: Params, seed: int) -> Raw:
        if not upload_path(params.id).exists():
            raise Refused("id", say("this upload was deleted; upload it again, and choose the new one"), params.id)
        return upload_arrays(params.id)
