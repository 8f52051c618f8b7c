from trainer.claims.statements import Statement
from trainer.claims.statements.mathml import mathml

SECTION = {"en": "Orthogonal initialisation", "ko": "직교 초기화"}
SAXE = "https://arxiv.org/abs/1312.6120"
INIT = "https://docs.pytorch.org/docs/stable/nn.init.html"

STATEMENTS = (
    Statement(
        number=54,
        section=SECTION,
        noted={
            "en": "Makes, by singular value decomposition (SVD), a matrix whose rows and columns are all orthogonal to the others and unit vectors.",
            "ko": "특이값 분해(SVD)를 활용, 자신을 제외한 나머지(모든 열, 행 벡터)와 직교+단위 벡터인 행렬을 만드는 방법",
        },
        status="imprecise",
        correct={
            "en": "Rows and columns are both orthonormal only if the matrix is square; otherwise the fewer of the two are. The notes leave that out, and name SVD, which works, while PyTorch uses a QR decomposition.",
            "ko": "행과 열이 모두 정규직교인 것은 정사각 행렬일 때뿐이고, 아니면 둘 가운데 수가 적은 쪽만 그렇습니다. 노트에는 이 조건이 없습니다. SVD로도 만들 수 있지만 PyTorch는 QR 분해를 씁니다.",
        },
        formula=mathml(r"Q^⊤ Q = I \quad ( m ≥ n ) , \quad Q Q^⊤ = I \quad ( m ≤ n )"),
        source=INIT,
        source_words="PyTorch, torch.nn.init",
        experiments=("E13",),
    ),
    Statement(
        number=55,
        section=SECTION,
        noted={
            "en": "Mainly used in RNNs such as LSTM and GRU.",
            "ko": "LSTM(장단기 메모리) 및 GRU(게이트 순환 유닛)같은 RNN에서 주로 사용됨",
        },
        status="true",
        correct={
            "en": "So it is: there it is common for the recurrent weights, which are applied again at every timestep.",
            "ko": "맞습니다. 시간 스텝마다 되풀이해 곱하는 순환 가중치에 흔히 씁니다.",
        },
        source=SAXE,
        source_words="Saxe et al. 2014",
    ),
    Statement(
        number=56,
        section=SECTION,
        noted={
            "en": "Orthogonal matrix: its eigenvalues have absolute value 1, so repeated products cause neither exploding nor vanishing gradients.",
            "ko": "직교 행렬 : 고윳값의 절댓값은 1이므로 행렬곱을 여러번 수행해도 기울기 폭주나 소실이 발생하지 않음",
        },
        status="imprecise",
        correct={
            "en": "What keeps the norm is that all singular values are 1. The notes argue from the eigenvalues, but a matrix whose eigenvalues are all 1 can still make norms grow; and nonlinearity and training undo the property.",
            "ko": "노름을 지키는 것은 특이값이 모두 1이라는 점입니다. 노트는 고윳값을 들지만, 고윳값이 모두 1인 행렬도 노름을 키울 수 있습니다. 또 비선형성과 훈련이 이 성질을 무너뜨립니다.",
        },
        formula=mathml(r"\norm{ Q x } = \norm{ x } \quad ⇐ \quad σ_1 = … = σ_n = 1"),
        source=SAXE,
        source_words="Saxe et al. 2014",
        experiments=("E13",),
    ),
    Statement(
        number=57,
        section=SECTION,
        noted={
            "en": "→ Kept as near to 1 as possible, to prevent the problem in RNNs.",
            "ko": "→ 최대한 1에 가까워지도록 해서 RNN에서 문제를 방지하는 데 사용됨",
        },
        status="true",
        correct={
            "en": "So it is, of the singular values: over T timesteps a factor s a step becomes s to the power T.",
            "ko": "특이값에 대해 맞습니다. 스텝마다 s배가 되면 T 스텝 뒤에는 s의 T제곱배가 됩니다.",
        },
        formula=mathml(r"\frac{\norm{ ∂ h_0 }}{\norm{ ∂ h_T }} ≈ s^T"),
        source=SAXE,
        source_words="Saxe et al. 2014",
    ),
    Statement(
        number=58,
        section=SECTION,
        noted={
            "en": "The model becomes too sensitive to certain initial values, so it isn't used in feed-forward networks.",
            "ko": "모델이 특정 초기화 값에 지나치게 민감해지므로, 순방향 신경망에서는 사용하지 않음",
        },
        status="false",
        correct={
            "en": "It is used there: it was analysed for deep feed-forward networks, and made a CNN of 10,000 layers trainable. The notes say the reverse; measured on tanh 10 × 64, orthogonal reaches .96 to .98 and Xavier .94 to .98.",
            "ko": "순방향 신경망에서도 씁니다. 깊은 순방향 망을 위해 분석되었고, 10,000층의 CNN을 훈련할 수 있게 했습니다. 노트는 반대로 적었지만, tanh 10 × 64의 측정 정확도는 직교 .96–.98, 제이비어 .94–.98입니다.",
        },
        source="https://arxiv.org/abs/1806.05393",
        source_words="Xiao et al. 2018; Saxe et al. 2014",
        experiments=("E13",),
    ),
    Statement(
        number=59,
        section=SECTION,
        noted={"en": "(p. 192: weight initialisation exercise)", "ko": "(192p - 가중치 초기화 실습)"},
        # A reference to a page: there is nothing to judge.
        status="true",
        correct={
            "en": "A pointer to an exercise; in PyTorch these initialisations are the functions of torch.nn.init.",
            "ko": "실습을 가리키는 메모입니다. PyTorch에서 이 초기화들은 torch.nn.init의 함수입니다.",
        },
        source=INIT,
        source_words="PyTorch, torch.nn.init",
    ),
)
