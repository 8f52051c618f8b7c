"""Names of arms, curves and numbers of the experiments in another language.

Scripts use the English names. These are made of few phrases ("accuracy, He", "error, batch, B = 2"), so each phrase is
translated once here. Formulas, numbers and names that are the same in both languages stay unchanged.
"""

import re
from collections.abc import Mapping
from typing import Any

from trainer.spec import LANGUAGES

KOREAN = {
    "8 tanh units": "tanh 유닛 8개",
    "8 tanh units of 0.1 on one input": "입력 하나에 0.1인 tanh 유닛 8개",
    "accuracy": "정확도",
    "accuracy in eval mode": "평가 모드 정확도",
    "accuracy in train mode": "훈련 모드 정확도",
    "all weights 0.1": "가중치 모두 0.1",
    "batch": "배치 정규화",
    "batch norm": "배치 정규화",
    "batch norm, then noise": "배치 정규화 뒤 노이즈",
    "batches of 32": "배치 크기 32",
    "best λ": "가장 좋은 λ",
    "best λ on test": "시험에서 가장 좋은 λ",
    "bias²": "편향²",
    "change by padding": "패딩에 따른 변화",
    "dead fraction": "죽은 비율",
    "dead fraction of the last layer": "마지막 계층의 죽은 비율",
    "drift": "분포 이동",
    "E[a²] last / first": "E[a²] 마지막 / 처음",
    "epochs": "에폭",
    "epochs until the stop": "중단까지의 에폭",
    "error": "오류율",
    "evaluated": "평가 모드",
    "gain": "게인",
    "gain of L2": "L2의 이득",
    "gain of weight decay": "가중치 감쇠의 이득",
    "Gaussian": "정규분포",
    "gradient ratio": "기울기 비",
    "group": "그룹 정규화",
    "He": "카이밍(허)",
    "hidden1": "은닉층 1",
    "hidden2": "은닉층 2",
    "largest": "가장 큰 값",
    "largest |f(W)|": "가장 큰 |f(W)|",
    "LN over all positions": "모든 위치에 걸친 LN",
    "log10 ratio": "비의 log10",
    "|log10 ratio|": "비의 |log10|",
    "loss gap": "손실 차이",
    "max": "최대",
    "median": "중앙값",
    "median risk": "위험의 중앙값",
    "ms a step": "스텝당 ms",
    "no norm": "정규화 없음",
    "noise": "노이즈",
    "none": "정규화 없음",
    "one unit of 0.1": "0.1인 유닛 하나",
    "operations": "연산",
    "operations of a step's products": "한 스텝의 곱에 드는 연산",
    "orthogonal": "직교",
    "proximal": "근접",
    "random biases": "무작위 편향 값",
    "random labels": "무작위 레이블",
    "rate": "학습률",
    "ratio": "비",
    "rows": "행",
    "share of draws beyond 4": "4 넘게 벗어난 뽑기의 비율",
    "share of draws with tanh in which Gaussian keeps more": "tanh에서 정규분포가 더 많이 남긴 뽑기의 비율",
    "sigmoid": "시그모이드",
    "sign, times, plus": "부호, 곱, 합",
    "stopped": "조기 중단",
    "subgradient": "열미분",
    "test accuracy": "시험 정확도",
    "test error": "시험 오차",
    "test loss": "시험 손실",
    "times, plus": "곱, 합",
    "to the end": "끝까지",
    "training loss": "훈련 손실",
    "true labels": "참 레이블",
    "unbiased variance of Y": "Y의 불편 분산",
    "validation accuracy": "검증 정확도",
    "var": "분산",
    "variance": "분산",
    "visits of each example": "예마다 방문한 횟수",
    "weights that are not zero": "0이 아닌 가중치",
    "width": "너비",
    "with batch norm": "배치 정규화 있음",
    "without": "배치 정규화 없음",
    "without a batch": "배치 축 없음",
    "wrong labels learnt": "외운 틀린 레이블",
    "Xavier": "제이비어",
}
#: Longer phrases first: "batch norm, then noise" before "batch norm".
_PHRASE = re.compile(r"(?<!\w)(?:" + "|".join(re.escape(p) for p in sorted(KOREAN, key=len, reverse=True)) + r")(?!\w)")


def said(name: str, language: str) -> str:
    """The name of an arm, a curve or a number in the given language."""
    return name if language == LANGUAGES[0] else _PHRASE.sub(lambda m: KOREAN[m[0]], name)


def names_of(judgement: Mapping[str, Any], language: str) -> dict[str, str]:
    """All names in a judgement: English name → translated name, if the two differ."""
    named: set[str] = {arm for arms in judgement["runs"].values() for arm in arms}
    for found in judgement["founds"]:
        named |= {*found["values"], *(curve["name"] for curve in found["curves"])}
    return {name: called for name in sorted(named) if (called := said(name, language)) != name}
