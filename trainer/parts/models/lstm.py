from trainer.parts.models._sequences import Params, RecurrentModel
from trainer.registry import Texts, register


@register("model", "lstm", Params)
class Lstm(RecurrentModel):
    texts = Texts(
        label={"en": "LSTM", "ko": "LSTM"},
        text={
            "en": "A recurrent network whose cell is added to rather than rewritten, guarded by three gates: errors can travel over long spans. The choice where a sequence is long. The activation of the spec comes after each recurrent layer; identity is the classic choice.",
            "ko": "셀을 고쳐 쓰지 않고 더해 가며 세 게이트가 지키는 순환망으로, 오차가 긴 구간을 거슬러 갈 수 있습니다. 수열이 길 때 알맞습니다. 설정의 활성화 함수는 순환 계층 뒤에 오며, 항등이 고전적인 선택입니다.",
        },
        source="https://doi.org/10.1162/neco.1997.9.8.1735",
    )
    cell = "LSTM"
