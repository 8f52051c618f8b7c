from trainer.claims.statements import Statement
from trainer.claims.statements.mathml import mathml

SECTION = {"en": "Batch normalisation", "ko": "배치 정규화"}
IOFFE = "https://arxiv.org/abs/1502.03167"
SANTURKAR = "https://arxiv.org/abs/1805.11604"

STATEMENTS = (
    Statement(
        number=9,
        section=SECTION,
        noted={
            "en": "A technique that prevents overfitting by reducing internal covariate shift.",
            "ko": "내부 공변량 변화를 줄여서 과대적합을 방지하는 기술",
        },
        status="contested",
        correct={
            "en": "Batch normalisation makes training faster and steadier, and a smoother loss explains that better than a smaller internal covariate shift does. The notes make preventing overfitting its purpose; regularisation is a side-effect of the noise in batch statistics, to be measured by the loss gap with and without it.",
            "ko": "배치 정규화는 훈련을 빠르고 안정되게 하며, 그 까닭은 내부 공변량 변화가 줄어서라기보다 손실이 더 매끄러워져서라는 설명이 더 잘 맞습니다. 노트는 과대적합 방지를 목적으로 적었지만, 정칙화는 배치 통계의 노이즈에서 오는 부수 효과이고 배치 정규화가 있을 때와 없을 때의 손실 차이로 재야 합니다.",
        },
        formula=mathml(r"\op{gap} = L_{\op{val}} - L_{\op{train}}"),
        source=SANTURKAR,
        source_words="Santurkar et al. 2018",
        experiments=("E4",),
    ),
    Statement(
        number=10,
        section=SECTION,
        noted={
            "en": "A neural network generally splits its inputs into batches.",
            "ko": "일반적으로 인공신경망은 입력값을 배치 단위로 나누고",
        },
        status="true",
        correct={
            "en": "So it is, by convention: one step uses one mini-batch; full-batch training and batches of one are the two ends of the same scale.",
            "ko": "관례로는 맞습니다. 한 스텝에 미니배치 하나를 쓰며, 전체 배치와 크기 1의 배치는 그 양 끝입니다.",
        },
        source="https://www.deeplearningbook.org/contents/optimization.html",
        source_words="Goodfellow et al. 2016, §8.1.3",
    ),
    Statement(
        number=11,
        section=SECTION,
        noted={
            "en": "When the parameters of an upper layer are updated, the current layer's data distribution changes too.",
            "ko": "상위 계층의 매개변수가 갱신되면 현재 계층의 데이터 분포도 변경된다.",
        },
        status="imprecise",
        correct={
            "en": "What a layer reads changes when the layers before it, on the input's side, are updated. The notes call them upper; that word usually means layers nearer the output, and those do not change what this layer reads.",
            "ko": "한 계층이 받는 입력의 분포는 그보다 앞에 있는, 입력 쪽 계층이 갱신될 때 바뀝니다. 노트는 이를 상위 계층이라 했지만 그 말은 보통 출력에 가까운 계층을 뜻하고, 그런 계층은 이 계층의 입력을 바꾸지 않습니다.",
        },
        formula=mathml(r"h_l = f_l ( h_{l - 1} ; θ_l ) \quad h_{l - 1} = f_{l - 1} ( … f_1 ( x ; θ_1 ) … ; θ_{l - 1} )"),
        source=IOFFE,
        source_words="Ioffe & Szegedy 2015",
        experiments=("E4",),
    ),
    Statement(
        number=12,
        section=SECTION,
        noted={
            "en": "Since inputs that keep changing in every layer must be learned, performance and stability drop and it gets slow.",
            "ko": "계층 마다 계속 변화하는 입력값을 학습해야하므로 성능과 안정성이 낮아져 속도도 느려짐.",
        },
        status="contested",
        correct={
            "en": "This was the reason given for batch normalisation in 2015. The notes state it as settled; a network whose distributions were made to shift on purpose after batch normalisation trained as well all the same.",
            "ko": "2015년에 배치 정규화를 제안하며 든 이유입니다. 노트는 확정된 사실로 적었지만, 배치 정규화 뒤에 일부러 분포를 흔든 망도 그에 못지않게 훈련되었습니다.",
        },
        source=SANTURKAR,
        source_words="Santurkar et al. 2018",
        experiments=("E4",),
    ),
    Statement(
        number=13,
        section=SECTION,
        noted={
            "en": "The inputs passed on to hidden layers are not uniform: training unstable, speed low.",
            "ko": "은닉층에 전달되는 입력값이 균일하지 않음 - 학습 불안정, 속도 느",
        },
        status="contested",
        correct={
            "en": "Scale does matter: with inputs normalised in each layer much larger learning rates work (measured: 3 against 0.3). That it is their change over time which slows training, as the notes have it, is what is disputed.",
            "ko": "크기는 분명히 중요합니다. 계층마다 입력을 정규화하면 훨씬 큰 학습률을 쓸 수 있습니다(측정값: 0.3에 견주어 3). 하지만 노트처럼 시간에 따라 변하는 것이 훈련을 느리게 한다는 부분은 논쟁 중입니다.",
        },
        source=SANTURKAR,
        source_words="Santurkar et al. 2018",
        experiments=("E4", "E5"),
    ),
    Statement(
        number=14,
        section=SECTION,
        noted={
            "en": "It becomes sensitive to the initial weights → more training data are required.",
            "ko": "초기 가중치 값에 민감해짐 → 더 많은 학습 데이터 요구",
        },
        status="imprecise",
        correct={
            "en": "Without normalisation a deep network is indeed sensitive to its initial weights; with batch normalisation it learns from a much wider range of them. That more training data are then needed, as the notes conclude, has no support: the remedy is another scale of the weights, not more examples.",
            "ko": "정규화가 없으면 깊은 망은 실제로 초기 가중치에 민감하고, 배치 정규화가 있으면 훨씬 넓은 범위의 초기값에서 배웁니다. 그래서 더 많은 학습 데이터가 필요하다는 노트의 결론에는 근거가 없습니다. 필요한 것은 더 많은 예가 아니라 알맞은 가중치 크기입니다.",
        },
        source=IOFFE,
        source_words="Ioffe & Szegedy 2015",
        experiments=("E20",),
    ),
    Statement(
        number=15,
        section=SECTION,
        noted={
            "en": "⇒ Apply batch normalisation to each layer (it works by normalising each mini-batch).",
            "ko": "⇒ 각 계층에 배치 정규화 적용 (미니 배치 정규화하는 방식으로 동작)",
        },
        status="true",
        correct={
            "en": "So it is: a batch normalisation stands in each hidden layer, usually before the activation function, and uses the statistics of the mini-batch at hand.",
            "ko": "맞습니다. 은닉층마다, 보통 활성화 함수 앞에 배치 정규화를 두고 지금의 미니배치에서 계산한 통계를 씁니다.",
        },
        formula=mathml(r"h_l = φ ( \op{BN} ( W_l h_{l - 1} ) )"),
        source=IOFFE,
        source_words="Ioffe & Szegedy 2015",
        experiments=("E5",),
    ),
)
