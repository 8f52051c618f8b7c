from trainer.studies import Study
from trainer.studies.lasso_path import SPARSE

#: With the lasso study's low noise, the best λ for ridge is almost zero, because it shrinks almost only signal.
NOISY = SPARSE | {"data": SPARSE["data"] | {"params": SPARSE["data"]["params"] | {"noise": 4.0}}}

STUDY = Study(
    name="ridge_path",
    order=7,
    label={"en": "Ridge's path", "ko": "릿지 경로"},
    sentence={
        "en": "Two hundred features again, in far noisier data, with L2 along λ. All weights get smaller together and none is exactly zero. Too little overfits, too much underfits; put it beside the lasso's path.",
        "ko": "다시 특징 200개에, 노이즈가 훨씬 큰 데이터에서 L2를 λ를 따라 바꿉니다. 모든 가중치가 함께 작아지지만 정확히 0이 되는 것은 없습니다. 너무 작으면 과대적합, 너무 크면 과소적합입니다. 라쏘 경로와 나란히 보세요.",
    },
    base=NOISY,
    axes={"penalty.l2": (0.001, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)},
    seeds=5,
    view="path",
)
