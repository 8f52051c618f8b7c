from trainer.claims.statements import Statement
from trainer.claims.statements.mathml import mathml

L1 = {"en": "L1 regularisation", "ko": "L1 정칙화"}
L2 = {"en": "L2 regularisation", "ko": "L2 정칙화"}
TIBSHIRANI = "https://doi.org/10.1111/j.2517-6161.1996.tb02080.x"
HOERL = "https://doi.org/10.1080/00401706.1970.10488634"
GOODFELLOW_7 = "https://www.deeplearningbook.org/contents/regularization.html"

STATEMENTS = (
    Statement(
        number=68,
        section=L1,
        noted={
            "en": "Also called Lasso regularisation; constrains by the L1 norm (sum of the absolute values of a vector or matrix).",
            "ko": "라쏘 정칙화(Lasso Regularization)라고도 부름 / L1 노름(L1 Norm)방식(벡터or행렬값의 절댓값 합계 계산)을 사용해 규제",
        },
        status="true",
        correct={
            "en": "So it is; for a matrix the sum runs over its entries, which is not the matrix 1-norm (the largest column sum).",
            "ko": "맞습니다. 행렬이라면 모든 원소에 걸친 합이며, 행렬 1-노름(가장 큰 열의 합)과는 다릅니다.",
        },
        formula=mathml(r"\norm{ w }_1 = \sum_j \abs{ w_j }"),
        source=TIBSHIRANI,
        source_words="Tibshirani 1996",
    ),
    Statement(
        number=69,
        section=L1,
        noted={
            "en": "Loss function + sum of the absolute weights ⇒ prevents overfitting. [Image 3]",
            "ko": "해당 방식 차용, 손실 함수 + 가중치 절댓값의 합 ⇒ 과대 적합 방지 [그림 3]",
        },
        status="imprecise",
        correct={
            "en": "The sum is multiplied by a strength λ before it is added. The notes leave λ out here, and it is what decides between overfitting and underfitting.",
            "ko": "합에 규제 강도 λ를 곱해서 더합니다. 노트의 식에는 λ가 빠져 있는데, 과대적합과 과소적합을 가르는 것이 바로 λ입니다.",
        },
        formula=mathml(r"J ( w ) = L ( w ) + λ \sum_j \abs{ w_j }"),
        source=TIBSHIRANI,
        source_words="Tibshirani 1996",
        experiments=("E14",),
    ),
    Statement(
        number=70,
        section=L1,
        noted={
            "en": "Weights that aren't large converge to 0 → fewer features needed to predict (feature selection).",
            "ko": "모델 학습 시, 값이 크지 않은 가중치는 0으로 수렴 → 예측에 필요한 특징의 수 감소(특징 선택 효과)",
        },
        status="true",
        correct={
            "en": "So it is at the optimum, which a proximal step reaches with exact zeros (measured: 174 to 190 of 200); plain SGD on the absolute value only hovers near 0 (measured: none).",
            "ko": "최적점에서는 맞고, 근접 방법의 스텝은 정확한 0에 이릅니다(측정값: 200개 중 174–190개). 절댓값을 그대로 미분하는 SGD는 0 가까이에서 맴돌 뿐입니다(측정값: 0개).",
        },
        formula=mathml(r"w_j ← \op{sign} ( u_j ) \op{max} ( \abs{ u_j } - η λ , 0 ) , \quad u = w - η ∇ L ( w )"),
        source=TIBSHIRANI,
        source_words="Tibshirani 1996",
        experiments=("E14",),
    ),
    Statement(
        number=71,
        section=L1,
        noted={
            "en": "Strength: the nearer to 0, the more features the model uses (mind overfitting); too high, weights converge to 0: underfitting.",
            "ko": "규제 강도 : 0에 가까울수록 모델이 더 많은 특징을 사용하는 하이퍼파라미터(과대 적합 주의) / 규제 강도가 너무 높아지면, 가중치가 0에 수렴되므로 과소적합 문제에 노출",
        },
        status="true",
        correct={
            "en": "So it is; from a certain λ on, every weight is exactly 0.",
            "ko": "맞습니다. 어떤 λ부터는 모든 가중치가 정확히 0입니다.",
        },
        formula=mathml(r"λ ≥ \norm{ ∇ L ( 0 ) }_∞ \quad ⇒ \quad w = 0"),
        source=TIBSHIRANI,
        source_words="Tibshirani 1996",
        experiments=("E14",),
    ),
    Statement(
        number=72,
        section=L1,
        noted={
            "en": "Weights can be exactly 0 = needless features aren't processed (performance rises); fewer features are used (information is lost).",
            "ko": "모델의 가중치가 정확히 0인 경우도 있음 = 불필요한 특징을 처리하지 않음(모델의 성능은 증가), 예측에 사용되는 특징의 수가 줄어듦(정보의 손실)",
        },
        status="imprecise",
        correct={
            "en": "Exact zeros occur. The notes state both effects as certain, but either is only possible: dropping a needless feature helps and loses nothing, dropping a needed one loses information and performance.",
            "ko": "정확한 0은 실제로 나옵니다. 노트는 두 결과를 모두 단정했지만 어느 쪽도 그럴 수 있을 뿐입니다. 불필요한 특징을 버리면 잃는 것 없이 나아지고, 필요한 특징을 버리면 정보와 성능을 잃습니다.",
        },
        formula=mathml(r"w_j = 0 \quad ⇒ \quad \abs{ ∂ L / ∂ w_j } ≤ λ"),
        source=TIBSHIRANI,
        source_words="Tibshirani 1996",
        experiments=("E14",),
    ),
    Statement(
        number=73,
        section=L1,
        noted={
            "en": "High computational cost: all weights must be computed and updated (it can't be differentiated, so backpropagation takes more resources).",
            "ko": "계산복잡도 높음 - 모델의 가중치를 모두 계산(미분 못해서 역전파를 계산하는데 더 많은 리소스를 소모)해 갱신해야함",
        },
        status="false",
        correct={
            "en": "A sign or a soft threshold costs one operation a weight, O(P), as L2 does. The notes infer a cost from the kink at 0; what is lost there is only the closed form that ridge has.",
            "ko": "부호나 소프트 임계값(soft threshold) 계산은 L2와 마찬가지로 가중치마다 한 번, O(P)입니다. 노트는 0에서 미분할 수 없다는 데서 비용을 끌어냈지만, 그 때문에 잃는 것은 릿지에 있는 닫힌 형태의 해뿐입니다.",
        },
        formula=mathml(r"∂ \abs{ w } = \op{sign} ( w ) \quad ( w ≠ 0 ) , \quad ∂ \abs{ 0 } = [ - 1 , 1 ]"),
        source="https://arxiv.org/abs/1108.0775",
        source_words="Bach et al. 2012",
        experiments=("E15",),
    ),
    Statement(
        number=74,
        section=L1,
        noted={
            "en": "With an unsuitable hyperparameter the weights become too small and the model harder to interpret (the best λ takes repeated search).",
            "ko": "하이퍼파라미터가 적절하지 않으면, 가중치 값이 너무 작아져서 모델을 해석하기 더 어려움(여러번 반복해서 최적의 람다를 구해야 함)",
        },
        status="imprecise",
        correct={
            "en": "λ does have to be searched, as for L2. The notes say that interpreting gets harder; L1 usually makes it easier, for few features remain.",
            "ko": "λ를 찾아야 하는 것은 맞고 L2도 마찬가지입니다. 노트는 해석이 더 어려워진다고 했지만, L1은 특징을 적게 남기므로 보통 해석을 돕습니다.",
        },
        formula=mathml(r"λ^⋆ = \argmin_λ L_{\op{val}} ( w_λ )"),
        source=TIBSHIRANI,
        source_words="Tibshirani 1996",
    ),
    Statement(
        number=75,
        section=L1,
        noted={
            "en": "When? Mainly in linear models (called Lasso regression).",
            "ko": "→ 언제 사용? 주로 선형 모델(라쏘 회귀라 부름)",
        },
        status="true",
        correct={
            "en": "So it is historically; it is used in neural networks too.",
            "ko": "역사적으로 맞습니다. 신경망에도 씁니다.",
        },
        formula=mathml(r"\argmin_w \frac{1}{2 n} \norm{ y - X w }_2^2 + λ \norm{ w }_1"),
        source=TIBSHIRANI,
        source_words="Tibshirani 1996",
    ),
    Statement(
        number=76,
        section=L2,
        noted={
            "en": "Also called Ridge regularisation; constrains by the L2 norm (size of the values of a vector or matrix).",
            "ko": "릿지 정칙화(Ridge Regularization)라고도 불림 / L2 Norm 방식(벡터or 행렬 값의 크기를 계산)을 사용해 규제",
        },
        status="imprecise",
        correct={
            "en": "The L2 norm is the root of the sum of squares, and the penalty squares it. The notes say only “size of the values”, which would suit L1 as well.",
            "ko": "L2 노름은 제곱합의 제곱근이고, 규제에는 그 제곱을 씁니다. 노트의 '값의 크기'라는 말은 L1에도 들어맞아 둘을 가르지 못합니다.",
        },
        formula=mathml(r"\norm{ w }_2 = \sqrt{ \sum_j w_j^2 } , \quad {\hat{w}}_{\op{ridge}} = ( X^⊤ X + λ I )^{- 1} X^⊤ y"),
        source=HOERL,
        source_words="Hoerl & Kennard 1970",
        experiments=("E16",),
    ),
    Statement(
        number=77,
        section=L2,
        noted={
            "en": "Loss function + sum of the squared weights ⇒ prevents overfitting.",
            "ko": "해당 방식 차용, 손실 함수 + 가중치 제곱의 합 ⇒ 과대 적합 방지",
        },
        status="imprecise",
        correct={
            "en": "The sum of squares is multiplied by λ, often by λ/2, before it is added. The notes leave λ out and say that it prevents overfitting; it reduces it, if λ is right.",
            "ko": "제곱합에 λ(흔히 λ/2)를 곱해서 더합니다. 노트의 식에는 λ가 빠져 있고 과대적합을 방지한다고 했지만, λ가 알맞을 때 줄이는 것입니다.",
        },
        formula=mathml(r"J ( w ) = L ( w ) + \frac{λ}{2} \sum_j w_j^2"),
        source=GOODFELLOW_7,
        source_words="Goodfellow et al. 2016, §7.1.1",
        experiments=("E16",),
    ),
)
