from trainer.parts.models._sequences import Params, RecurrentModel
from trainer.registry import Texts, register


@register("model", "gru", Params)
class Gru(RecurrentModel):
    texts = Texts(
        label={"en": "GRU", "ko": "GRU"},
        text={
            "en": "A recurrent network with two gates that decide how much of the state to keep and to renew, so that gradients reach further back. Fewer weights than an LSTM and mostly as good. The activation of the spec comes after each recurrent layer; identity is the classic choice.",
            "ko": "상태를 얼마나 지키고 새로 쓸지를 두 게이트가 정해 기울기가 더 멀리 거슬러 갑니다. LSTM보다 가중치가 적고 성능은 대체로 비슷합니다. 설정의 활성화 함수는 순환 계층 뒤에 오며, 항등이 고전적인 선택입니다.",
        },
        source="https://arxiv.org/abs/1406.1078",
    )
    cell = "GRU"
