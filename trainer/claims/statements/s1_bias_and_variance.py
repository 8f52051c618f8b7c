from trainer.claims.statements import Statement
from trainer.claims.statements.mathml import mathml

SECTION = {"en": "What lowers performance", "ko": "성능 저하 요인"}
GOODFELLOW_5 = "https://www.deeplearningbook.org/contents/ml.html"
GEMAN = "https://doi.org/10.1162/neco.1992.4.1.1"

STATEMENTS = (
    Statement(
        number=1,
        section=SECTION,
        noted={
            "en": "Overfitting: the model's structure is too complex → it relies on the training data (loses the ability to generalise).",
            "ko": "과대적합: 모델의 구조가 너무 복잡 → 훈련 데이터에 의존(일반화 능력 저하)",
        },
        status="imprecise",
        correct={
            "en": "A model overfits when it fits its training data much better than new data. The notes put it down to complexity alone; what counts is complexity relative to the number of examples, to the noise in them and to how long one trains.",
            "ko": "과대적합은 훈련 데이터에는 새로운 데이터보다 훨씬 잘 맞는 상태입니다. 노트는 복잡한 구조만 원인으로 들지만, 예의 수와 노이즈, 훈련 시간에 비해 얼마나 복잡한지가 중요합니다.",
        },
        formula=mathml(r"\op{gap} = L_{\op{test}} - L_{\op{train}}"),
        source=GOODFELLOW_5,
        source_words="Goodfellow et al. 2016, §5.2",
        experiments=("E1", "E3"),
    ),
    Statement(
        number=2,
        section=SECTION,
        noted={
            "en": "Underfitting: the model's structure is too simple → it learns too little of the data's features.",
            "ko": "과소적합: 모델의 구조가 너무 단순 → 데이터 특징 학습 부족",
        },
        status="imprecise",
        correct={
            "en": "A model underfits when even its training error stays high. The notes name one cause, a structure that is too simple; training too briefly or regularising too strongly makes a large model underfit as well.",
            "ko": "과소적합은 훈련 오차마저 높게 남는 상태입니다. 노트는 너무 단순한 구조 하나만 들지만, 훈련이 너무 짧거나 정칙화가 너무 강하면 큰 모델도 과소적합합니다.",
        },
        source=GOODFELLOW_5,
        source_words="Goodfellow et al. 2016, §5.2",
        experiments=("E1",),
    ),
    Statement(
        number=3,
        section=SECTION,
        noted={
            "en": "High performance on training data and on new data? → Low bias, low variance.",
            "ko": "훈련데이터와 새로운 데이터에서 높은 성능을 띄려면? → 낮은 편향, 낮은 분산",
        },
        status="true",
        correct={
            "en": "So it is: for squared error the expected error on new data is bias² plus variance plus the noise σ² of the data, which no model can remove.",
            "ko": "맞습니다. 제곱 오차라면 새로운 데이터의 기대 오차는 편향²과 분산, 그리고 어떤 모델도 없앨 수 없는 데이터의 노이즈 σ²의 합입니다.",
        },
        formula=mathml(r"E [ ( y - \hat{f} ( x ) )^2 ] = \op{bias}^2 + \op{Var} + σ^2"),
        source=GEMAN,
        source_words="Geman et al. 1992",
        experiments=("E1",),
    ),
    Statement(
        number=4,
        section=SECTION,
        noted={
            "en": "High variance? The estimates swing widely, noise is learned too, and overfitting occurs.",
            "ko": "분산이 높으면? 추정치 변동 폭이 커지고, 노이즈까지 학습해서 과대적합 발생",
        },
        status="true",
        correct={
            "en": "So it is: variance says how far the prediction moves when the same model is trained on another sample, and what moves it is the noise of each sample.",
            "ko": "맞습니다. 분산은 같은 모델을 다른 표본으로 훈련하면 예측이 얼마나 달라지는지를 나타내고, 예측을 움직이는 것은 표본마다 다른 노이즈입니다.",
        },
        formula=mathml(r"\op{Var} = E [ ( \hat{f} ( x ) - E [ \hat{f} ( x ) ] )^2 ]"),
        source=GEMAN,
        source_words="Geman et al. 1992",
        experiments=("E1",),
    ),
    Statement(
        number=5,
        section=SECTION,
        noted={
            "en": "High bias? The estimates take a constant value → underfitting occurs.",
            "ko": "편향이 높으면? 추정치가 일정한 값을 가짐 → 과소 적합 발생",
        },
        status="imprecise",
        correct={
            "en": "Bias is a systematic error: the prediction, averaged over training samples, misses the truth. The notes speak of constant estimates, but a biased model's estimates need be constant neither in x nor over samples; a straight line through a sine is biased and not constant.",
            "ko": "편향은 체계적인 오차, 곧 여러 훈련 표본에서 평균한 예측이 참값에서 벗어난 정도입니다. 노트는 추정치가 일정해진다고 하지만, 편향된 모델의 추정치가 x에 대해서도 표본에 대해서도 일정할 까닭은 없습니다. 사인 곡선에 맞춘 직선은 편향되어 있지만 일정하지 않습니다.",
        },
        formula=mathml(r"\op{bias} ( x ) = E [ \hat{f} ( x ) ] - f ( x )"),
        source=GEMAN,
        source_words="Geman et al. 1992",
        experiments=("E1",),
    ),
    Statement(
        number=6,
        section=SECTION,
        noted={"en": "Bias and variance are inversely proportional.", "ko": "편향 & 분산은 서로 반비례 관계"},
        status="contested",
        correct={
            "en": "There is no such law: nothing fixes the product of the two. In neural networks variance can first rise and then fall as width grows, and both can fall together; the notes state as a rule what is a tendency of small models.",
            "ko": "그런 법칙은 없습니다. 둘의 곱을 정해 주는 것은 아무것도 없습니다. 신경망에서는 너비가 커지면서 분산이 커졌다가 다시 줄 수 있고, 둘이 함께 줄기도 합니다. 노트는 작은 모델의 경향을 법칙처럼 적었습니다.",
        },
        formula=mathml(r"\op{bias}^2 * \op{Var} ≠ \op{const}"),
        source="https://arxiv.org/abs/2002.11328",
        source_words="Yang et al. 2020; Neal et al. 2018",
        experiments=("E2",),
    ),
    Statement(
        number=7,
        section=SECTION,
        noted={
            "en": "A complex model = variance up, bias down; a simple model = variance down, bias up.",
            "ko": "모델이 복잡 = 분산 up, 편향 down / 단순한 모델 = 분산 down, 편향 up",
        },
        status="true",
        correct={
            "en": "So it is in the classical range: in least squares with p coefficients on n fixed points the mean variance is σ²p/n. With far more parameters than examples it is contested, for there the variance can fall again.",
            "ko": "고전적인 범위에서는 맞습니다. 고정된 점 n개에 계수 p개를 맞추는 최소제곱의 평균 분산은 σ²p/n입니다. 매개변수가 예보다 훨씬 많을 때는 논쟁 중인데, 거기서는 분산이 다시 줄 수 있기 때문입니다.",
        },
        formula=mathml(r"\frac{1}{n} \sum_{i = 1}^n \op{Var} [ \hat{f} ( x_i ) ] = σ^2 \frac{p}{n} \quad ( p ≤ n )"),
        source="https://arxiv.org/abs/1810.08591",
        source_words="Neal et al. 2018",
        experiments=("E1", "E2"),
    ),
    Statement(
        number=8,
        section=SECTION,
        noted={
            "en": "To prevent overfitting, “early stopping” keeps assessing performance and stops the training before it declines. Does it then train on a part only, though there are data left to learn? And what becomes of the data that remain?",
            "ko": "과대 적합을 막기 위해 “조기 중단”은 성능을 지속적으로 평가해서 저하되기 전에 학습을 중단시키는 방법인데, 학습할 데이터가 남아 있더라도 일부만 사용해서 학습을 시키는 건가요? 그럼 남은 데이터는 어떤 식으로 처리가 되는 지 궁금합니다.",
        },
        status="false",
        correct={
            "en": "No training data are left over: early stopping limits how many epochs there are, and every epoch goes through all of them. The question supposes that a part stays unused; only the validation data, set aside from the start, are not trained on.",
            "ko": "남는 훈련 데이터는 없습니다. 조기 중단이 줄이는 것은 에폭의 수이고, 에폭마다 훈련 데이터를 모두 씁니다. 질문은 일부가 쓰이지 않고 남는다고 전제하지만, 훈련에 쓰이지 않는 것은 처음부터 떼어 둔 검증 데이터뿐입니다.",
        },
        formula=mathml(r"t^⋆ = \argmin_t L_{\op{val}} ( θ_t ) \quad \op{visits} ( x_i ) = t^⋆ \quad ∀ x_i ∈ D_{\op{train}}"),
        source="https://www.deeplearningbook.org/contents/regularization.html",
        source_words="Goodfellow et al. 2016, §7.8",
        experiments=("E3",),
        question=True,
        answer={
            "en": "What early stopping cuts short is the number of epochs, not the data. An epoch is one pass over all the training data, so by the time the training stops every example has been seen equally often: once an epoch. "
            "The data that are never trained on are the validation data; they were set aside before the start, because a performance that is to tell when to stop must be measured on examples that the model has not learned. "
            "They need not be lost: once the best number of steps or epochs is known, one can train anew on training and validation data together for as long. Or one continues from the stopped weights on both together; then no validation data are left to say when to stop. "
            "There is one exception: where every example is seen once only, as in training on a stream or for a single pass, stopping early does leave data unseen.",
            "ko": "조기 중단이 줄이는 것은 데이터가 아니라 에폭의 수입니다. 한 에폭은 훈련 데이터 전체를 한 번 도는 것이므로, 중단한 시점까지 모든 훈련 예를 에폭마다 한 번씩 똑같이 자주 보았습니다. "
            "한 번도 훈련에 쓰이지 않는 것은 검증 데이터인데, 언제 멈출지 알려 줄 성능은 모델이 배우지 않은 예로 재야 하므로 시작하기 전에 떼어 둡니다. "
            "그렇다고 버릴 필요는 없으며, 가장 좋은 스텝 수나 에폭 수를 알고 나면 훈련 데이터와 검증 데이터를 합쳐 그만큼 처음부터 다시 훈련할 수 있습니다. 또는 중단한 가중치에서 둘을 합친 데이터로 이어서 훈련할 수도 있지만, 그때는 언제 멈출지 알려 줄 검증 데이터가 남지 않습니다. "
            "예외로, 흘러드는 데이터로 훈련하거나 한 번만 도는 훈련처럼 예마다 한 번씩만 본다면, 일찍 멈출 때 정말로 보지 못한 데이터가 남습니다.",
        },
    ),
)
