from trainer.claims.statements import Statement
from trainer.claims.statements.mathml import mathml

SECTION = {"en": "Batch normalisation worked through", "ko": "배치 정규화 풀이"}
IOFFE = "https://arxiv.org/abs/1502.03167"
TORCH = "https://docs.pytorch.org/docs/stable/generated/torch.nn.{}.html"

STATEMENTS = (
    Statement(
        number=32,
        section=SECTION,
        noted={
            "en": "Apply batch normalisation to a tensor: look at X one by one, apply it one by one, make the new Y; the mean and variance of Y turn out normalised to 0 and 1.",
            "ko": "ex) 텐서에서 배치 정규화 적용해보기 X에 대해서 하나씩 빼서 먼저 보고, x에 대해서 하나씩 적용, 새로 적용된 Y값 만들기, Y로 평균과 분산 계산해보면 0, 1로 정규화된걸 알 수 있음",
        },
        status="imprecise",
        correct={
            "en": "The mean of Y is 0, and its biased variance is σ²/(σ² + ε), a little under 1. The notes say 1; whoever computes the unbiased variance reads N/(N − 1) times that instead (measured: 1.0667 at N = 16).",
            "ko": "Y의 평균은 0이고, 편향 분산(N으로 나눈 분산)은 1보다 조금 작은 σ²/(σ² + ε)입니다. 노트는 1이라고 했지만, 불편 분산(N − 1로 나눈 분산)으로 계산하면 그 N/(N − 1)배가 나옵니다(측정값: N = 16에서 1.0667).",
        },
        formula=mathml(
            r"y_i = \frac{x_i - μ}{\sqrt{σ^2 + ε}} \\ \frac{1}{N} \sum_i y_i^2 = \frac{σ^2}{σ^2 + ε} \quad \frac{1}{N - 1} \sum_i y_i^2 = \frac{N}{N - 1} * \frac{σ^2}{σ^2 + ε}"
        ),
        source=IOFFE,
        source_words="Ioffe & Szegedy 2015",
        experiments=("E6",),
    ),
    Statement(
        number=33,
        section=SECTION,
        noted={
            "en": "→ In the exercise the batch normalisation class makes it simple (MarchNorm1d).",
            "ko": "→ 실습에서는 배치 정규화 클래스를 이용해 간단하게 적용가능(MarchNorm1d)",
        },
        status="true",
        correct={
            "en": "So it is, but for the spelling: the class is BatchNorm1d.",
            "ko": "철자 말고는 맞습니다. 클래스의 이름은 BatchNorm1d입니다.",
        },
        source=TORCH.format("BatchNorm1d"),
        source_words="PyTorch, BatchNorm1d",
    ),
    Statement(
        number=34,
        section=SECTION,
        noted={
            "en": "1-D batch normalisation class: takes the number of features (channels of the input data).",
            "ko": "1차원 배치 정규화 클래스: 특징 개수(입력데이터의 채널 수)를 입력 받아 수행",
        },
        status="true",
        correct={
            "en": "So it is: num_features is C of (N, C) or (N, C, L), and there is one γ and one β for each of the C.",
            "ko": "맞습니다. num_features는 (N, C)나 (N, C, L)의 C이고, 그 C개마다 γ와 β가 하나씩 있습니다.",
        },
        source=TORCH.format("BatchNorm1d"),
        source_words="PyTorch, BatchNorm1d",
    ),
    Statement(
        number=35,
        section=SECTION,
        noted={
            "en": "eps: keeps the denominator from becoming 0 (a small constant).",
            "ko": "eps: 분모가 0이 되는 현상 방지(작은 상수)",
        },
        status="true",
        correct={
            "en": "So it is: ε, 1e-5 unless set otherwise, is added to the variance under the root, so that even a constant input gives 0 and not 0/0.",
            "ko": "맞습니다. 따로 정하지 않으면 1e-5인 ε을 제곱근 안의 분산에 더하므로, 값이 모두 같은 입력도 0/0이 아니라 0이 됩니다.",
        },
        formula=mathml(r"\sqrt{σ^2 + ε} ≥ \sqrt{ε} > 0"),
        source=TORCH.format("BatchNorm1d"),
        source_words="PyTorch, BatchNorm1d",
    ),
    Statement(
        number=36,
        section=SECTION,
        noted={
            "en": "2-D batch normalisation class: when input data with channels are to be normalised.",
            "ko": "2차원 배치 정규화 클래스: 채널이 포함된 입력 데이터를 정규화하고 싶을 때",
        },
        status="imprecise",
        correct={
            "en": "BatchNorm2d is for 4-D input (N, C, H, W) and normalises each channel over N, H and W. The notes name the channels as what sets it apart, but 1d input has channels too; what is added is a second spatial dimension.",
            "ko": "BatchNorm2d는 4D 입력 (N, C, H, W)를 위한 것으로, 채널마다 N, H, W에 걸쳐 정규화합니다. 노트는 채널이 있는 것을 차이로 들지만 1d의 입력에도 채널이 있습니다. 달라지는 것은 공간 차원이 하나 더 있다는 점입니다.",
        },
        formula=mathml(r"μ_c = \frac{1}{N H W} \sum_{n , h , w} x_{n c h w}"),
        source=TORCH.format("BatchNorm2d"),
        source_words="PyTorch, BatchNorm2d",
    ),
)
