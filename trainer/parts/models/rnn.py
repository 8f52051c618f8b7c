from trainer.parts.models._sequences import Params, RecurrentModel
from trainer.registry import Texts, register


@register("model", "rnn", Params)
class Rnn(RecurrentModel):
    texts = Texts(
        label={"en": "Recurrent (tanh)", "ko": "순환망 (tanh)"},
        text={
            "en": "One state that every position updates through tanh: the simplest network with a memory, and the one whose gradients vanish or explode with length. Compare it with GRU and LSTM on the adding problem. The activation of the spec comes after each recurrent layer; identity is the classic choice.",
            "ko": "자리마다 tanh로 갱신되는 상태 하나를 둡니다. 기억이 있는 가장 단순한 망이며, 길이에 따라 기울기가 사라지거나 폭발합니다. 덧셈 문제에서 GRU, LSTM과 견주어 보세요. 설정의 활성화 함수는 순환 계층 뒤에 오며, 항등이 고전적인 선택입니다.",
        },
        source="https://doi.org/10.1207/s15516709cog1402_1",
    )
    cell = "RNN"
