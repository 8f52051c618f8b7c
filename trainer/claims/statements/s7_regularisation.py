from trainer.claims.statements import Statement
from trainer.claims.statements.mathml import mathml

SECTION = {"en": "Regularisation", "ko": "정칙화"}
GOODFELLOW_7 = "https://www.deeplearningbook.org/contents/regularization.html"
GOODFELLOW_5 = "https://www.deeplearningbook.org/contents/ml.html"

STATEMENTS = (
    Statement(
        number=60,
        section=SECTION,
        noted={
            "en": "A way of constraining the loss function, to prevent overfitting and make the model generalise.",
            "ko": "과대 적합 문제 방지, 모델이 일반화할 수 있도록 손실함수를 규제하는 방식",
        },
        status="imprecise",
        correct={
            "en": "Regularisation is whatever is meant to lower the error on new data but not the training error. The notes name penalties on the loss only; dropout, data augmentation and early stopping leave the loss as it is.",
            "ko": "정칙화는 훈련 오차가 아니라 새로운 데이터의 오차를 낮추려는 모든 방법입니다. 노트는 손실에 더하는 규제만 들지만, 드롭아웃, 데이터 증강, 조기 중단은 손실을 그대로 둡니다.",
        },
        formula=mathml(r"J ( w ) = L ( w ) + λ Ω ( w )"),
        source=GOODFELLOW_7,
        source_words="Goodfellow et al. 2016, ch. 7",
        experiments=("E3",),
    ),
    Statement(
        number=61,
        section=SECTION,
        noted={
            "en": "Memorisation: when noise of the training data is learned; not general patterns but noise or particular patterns only.",
            "ko": "암기(Memorization): 훈련데이터의 노이즈를 학습했을때 발생 / 일반적인 패턴을 학습한 게 아닌, 학습데이터의 노이즈나 특정 패턴만을 학습한거임",
        },
        status="true",
        correct={
            "en": "So it is: networks can fit even random labels. It isn't always harmful, for rare kinds of examples may have to be memorised to be got right.",
            "ko": "맞습니다. 망은 무작위 레이블까지 외울 수 있습니다. 다만 늘 해로운 것은 아니며, 드문 종류의 예는 외워야 맞힐 수 있기도 합니다.",
        },
        source="https://arxiv.org/abs/1906.05271",
        source_words="Feldman 2020; Zhang et al. 2017",
        experiments=("E3", "E17"),
    ),
    Statement(
        number=62,
        section=SECTION,
        noted={
            "en": "Generalisation: accurate predictions on new data too; general patterns are learned, so also on data slightly different from the training data.",
            "ko": "일반화(Generalization): 새로운 데이터에서도 정확한 예측을 할 수 있음 / 일반적인 패턴을 학습해서, 학습 데이터와 약간 달라도 정확한 예측 가능",
        },
        status="true",
        correct={
            "en": "So it is where new data are drawn independently from the same distribution; under another distribution nothing is promised.",
            "ko": "새로운 데이터가 같은 분포에서 독립으로 뽑힌다면 맞습니다. 분포가 달라지면 보장되는 것은 없습니다.",
        },
        formula=mathml(r"R ( w ) = E_{( x , y ) ∼ D} [ ℓ ( f_w ( x ) , y ) ]"),
        source=GOODFELLOW_5,
        source_words="Goodfellow et al. 2016, §5.2",
    ),
    Statement(
        number=63,
        section=SECTION,
        noted={
            "en": "It keeps the model from giving too much weight to a particular feature or pattern; less sensitive to differences in the training data, lower variance.",
            "ko": "정칙화는 모델이 특정 피처나 특정 패턴에 너무 많은 비중을 할당하지 않도록 손실함수에 규제를 가함 → 일반화 성능 향상 / 학습 데이터들의 차이점에 대해 덜 민감해짐, 모델의 분산값 낮아짐",
        },
        status="true",
        correct={
            "en": "So it is, and the price is bias, which rises: the error on new data falls only while variance falls by more.",
            "ko": "맞습니다. 그 대가로 편향이 커지므로, 분산이 그보다 더 많이 줄어드는 동안만 새로운 데이터의 오차가 줄어듭니다.",
        },
        formula=mathml(r"\op{Var} ( \hat{w}_λ ) ↓ , \quad \op{bias}^2 ( \hat{w}_λ ) ↑ \quad ( λ ↑ )"),
        source=GOODFELLOW_7,
        source_words="Goodfellow et al. 2016, §7.1",
        experiments=("E16",),
    ),
    Statement(
        number=64,
        section=SECTION,
        noted={
            "en": "It reduces the number of features relied on → improves the model's inference.",
            "ko": "데이터를 학습하는 데에 있어서 의존하는 특징의 수를 줄임 → 모델의 추론 능력 개선",
        },
        status="imprecise",
        correct={
            "en": "L1 reduces the number of features; L2 shrinks all weights and drops none. The notes say it of regularisation as a whole, and as if improvement always followed, which it need not.",
            "ko": "특징의 수를 줄이는 것은 L1이고, L2는 모든 가중치를 작게 할 뿐 버리지 않습니다. 노트는 정칙화 전체가 그렇고 늘 나아진다고 적었지만 그렇다는 보장은 없습니다.",
        },
        formula=mathml(r"\norm{ w }_0 = \sum_j [ w_j ≠ 0 ]"),
        source="https://doi.org/10.1111/j.2517-6161.1996.tb02080.x",
        source_words="Tibshirani 1996",
        experiments=("E14",),
    ),
    Statement(
        number=65,
        section=SECTION,
        noted={
            "en": "When? When the model is relatively complex and the data are few.",
            "ko": "→ 언제 사용해? 모델이 비교적 복잡하고 사용되는 데이터의 수가 적을 때",
        },
        status="true",
        correct={
            "en": "So it is: there the variance is large, and it is variance that regularisation lowers.",
            "ko": "맞습니다. 그럴 때 분산이 크고, 정칙화가 낮추는 것이 분산입니다.",
        },
        source=GOODFELLOW_7,
        source_words="Goodfellow et al. 2016, ch. 7",
        experiments=("E19",),
    ),
    Statement(
        number=66,
        section=SECTION,
        noted={
            "en": "Not needed: a simple model has few parameters; nor with many data, or clean data with hardly any noise.",
            "ko": "→ 필요없는 경우는? 모델이 단순한 경우 매개변수의 수가 적어서 정칙화 필요없음. 데이터 수가 많거나, 잘 정제되어 있어서 노이즈가 거의 없는 경우도 필요없음",
        },
        status="imprecise",
        correct={
            "en": "There it helps less. The notes say that it isn't needed, but a simple model can overfit very few data, and large models on large data are regularised too; validation decides.",
            "ko": "그런 경우에는 도움이 덜 됩니다. 노트는 필요없다고 했지만, 단순한 모델도 아주 적은 데이터에는 과대적합할 수 있고 큰 데이터의 큰 모델에도 정칙화를 씁니다. 검증으로 정할 일입니다.",
        },
        source=GOODFELLOW_7,
        source_words="Goodfellow et al. 2016, ch. 7",
        experiments=("E19",),
    ),
    Statement(
        number=67,
        section=SECTION,
        noted={
            "en": "Used to make robust to noise and so generalise = need not be used if already normalised.",
            "ko": "노이즈에 강건하게 만들어 일반화를 하는 데 사용 = 이미 정규화되어 있는 경우에는 사용 안해도 됨",
        },
        status="contested",
        correct={
            "en": "Normalisation and regularisation are different operations. The notes let one replace the other; under normalisation the scale of w no longer changes the function, and L2 sets the effective learning rate instead (measured gain of weight decay at n = 100: +.009 with batch normalisation, +.017 without).",
            "ko": "정규화와 정칙화는 서로 다른 연산입니다. 노트는 하나가 다른 하나를 대신한다고 보았지만, 정규화 아래에서는 w의 크기가 함수를 바꾸지 않고 L2는 대신 유효 학습률을 정합니다(n = 100에서 가중치 감쇠의 측정 이득: 배치 정규화가 있으면 +.009, 없으면 +.017).",
        },
        formula=mathml(r"f ( c w ) = f ( w ) , \quad ∇ f ( c w ) = \frac{1}{c} ∇ f ( w ) , \quad η_{\op{eff}} = \frac{η}{\norm{ w }^2}"),
        source="https://arxiv.org/abs/1706.05350",
        source_words="van Laarhoven 2017",
        experiments=("E18",),
    ),
)
