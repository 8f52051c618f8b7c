from trainer.claims.statements import Statement
from trainer.claims.statements.mathml import mathml

SECTION = {"en": "Weight initialisation", "ko": "가중치 초기화"}
CONSTANT = {"en": "Constant initialisation", "ko": "상수 초기화"}
RANDOM = {"en": "Random initialisation", "ko": "무작위 초기화"}
XAVIER = {"en": "Xavier (Glorot) initialisation", "ko": "제이비어(글로럿) 초기화"}
HE = {"en": "Kaiming (He) initialisation", "ko": "카이밍(허) 초기화"}
GOODFELLOW_8 = "https://www.deeplearningbook.org/contents/optimization.html"
GLOROT = "https://proceedings.mlr.press/v9/glorot10a.html"
HE_2015 = "https://arxiv.org/abs/1502.01852"
POOLE = "https://arxiv.org/abs/1606.05340"
LU = "https://arxiv.org/abs/1903.06733"
INIT = "https://docs.pytorch.org/docs/stable/nn.init.html"

STATEMENTS = (
    Statement(
        number=37,
        section=SECTION,
        noted={
            "en": "Suitable initial values of the parameters ease exploding or vanishing gradients and speed up convergence.",
            "ko": "모델 매개 변수에 적절한 초기값을 설정하면, 기울기 폭주나 소실 문제를 완화할 수 있음 & 수렴 속도 향상",
        },
        status="true",
        correct={
            "en": "So it is: the gradient of an early layer is a product over the later ones, and the initial weights decide whether that product shrinks, grows or stays.",
            "ko": "맞습니다. 앞쪽 계층의 기울기는 뒤쪽 계층들에 걸친 곱이고, 초기 가중치가 그 곱이 줄지, 커질지, 그대로일지를 정합니다.",
        },
        formula=mathml(r"\frac{∂ L}{∂ h_0} = ( \prod_{l = 1}^D W_l^⊤ \op{diag} ( φ ' ( z_l ) ) ) \frac{∂ L}{∂ h_D}"),
        source=GLOROT,
        source_words="Glorot & Bengio 2010",
        experiments=("E9", "E12"),
    ),
    Statement(
        number=38,
        section=CONSTANT,
        noted={
            "en": "The easiest way = initialise with a number. All initial weights get the same value; not generally used.",
            "ko": "가장 쉬운 방법 = 숫자로 초기화하기 / 초기 가중치 값을 모두 같은 값으로 초기화함 / 일반적으로는 사용되지 않음",
        },
        status="true",
        correct={
            "en": "So it is for weights; bias parameters (0) and a normalisation's γ (1) and β (0) are constant as a matter of course.",
            "ko": "가중치에 대해서는 맞습니다. 편향 값(0)과 정규화의 γ(1), β(0)는 으레 상수로 시작합니다.",
        },
        formula=mathml(r"W_{i j} = c"),
        source=INIT,
        source_words="PyTorch, torch.nn.init",
    ),
    Statement(
        number=39,
        section=CONSTANT,
        noted={
            "en": "Why? A problem with weights that are arrays (symmetry-breaking phenomenon: all nodes give the same output, the model cannot learn).",
            "ko": "→ 왜? 배열 구조의 가중치에서 문제 발생 (대칭 파괴 현상- 모든 노드가 동일한 출력을 생성, 모델 학습 불가능)",
        },
        status="imprecise",
        correct={
            "en": "Equal units have equal gradients, so they stay equal for ever: that is a failure to break symmetry. The notes name it after its cure, and say that nothing can be learned; what one unit can do is still learned (measured accuracy on ten classes: at most .24).",
            "ko": "똑같은 유닛은 기울기도 똑같아 끝까지 똑같이 남습니다. 이것은 대칭 파괴에 실패한 것입니다. 노트는 해법의 이름을 문제에 붙였고 학습이 불가능하다고 했지만, 유닛 하나가 할 수 있는 만큼은 배웁니다(열 가지 분류의 측정 정확도: .24 이하).",
        },
        formula=mathml(r"w_i = w_j , v_i = v_j \quad ⇒ \quad \frac{∂ L}{∂ w_i} = \frac{∂ L}{∂ w_j}"),
        source=GOODFELLOW_8,
        source_words="Goodfellow et al. 2016, §8.4",
        experiments=("E8",),
    ),
    Statement(
        number=40,
        section=CONSTANT,
        noted={
            "en": "When used? Very small models that take a scalar as input, or perceptrons and the like.",
            "ko": "→ 언제 쓰임? 스칼라값을 입력으로 받는 매우 작은 모델 or 퍼셉트론 등",
        },
        status="imprecise",
        correct={
            "en": "It is safe where there is a single unit and so no symmetry, as in a perceptron. The notes add small models with a scalar input, but the input isn't what matters: eight constant tanh units on one scalar fail (measured MSE .42 against 7e-5).",
            "ko": "퍼셉트론처럼 유닛이 하나뿐이라 대칭이 없을 때 안전합니다. 노트는 스칼라 입력의 작은 모델도 들지만 중요한 것은 입력이 아닙니다. 스칼라 하나를 받는 상수 tanh 유닛 8개는 실패합니다(측정한 MSE .42, 무작위라면 7e-5).",
        },
        formula=mathml(r"\sum_{i = 1}^8 v \op{tanh} ( w x + b ) = 8 v \op{tanh} ( w x + b )"),
        source=GOODFELLOW_8,
        source_words="Goodfellow et al. 2016, §8.4",
        experiments=("E8",),
    ),
    Statement(
        number=41,
        section=RANDOM,
        noted={
            "en": "Initialises the weights with random values or by a distribution (e.g. normal).",
            "ko": "초기 가중치 값을 무작위 값 or 특정 분포 형태(ex. 정규분포)로 초기화",
        },
        status="true",
        correct={
            "en": "So it is: usually a normal or a uniform distribution with mean 0, and its scale is what has to be chosen.",
            "ko": "맞습니다. 보통 평균 0의 정규분포나 균등분포를 쓰며, 골라야 하는 것은 그 크기입니다.",
        },
        formula=mathml(r"W_{i j} ∼ N ( 0 , σ_w^2 )"),
        source=GOODFELLOW_8,
        source_words="Goodfellow et al. 2016, §8.4",
    ),
    Statement(
        number=42,
        section=RANDOM,
        noted={
            "en": "Weights and biases of the nodes are assigned at random → prevents the symmetry problem.",
            "ko": "노드의 가중치와 편향을 무작위로 할당해 학습 → 대칭 파괴 문제 방지",
        },
        status="imprecise",
        correct={
            "en": "Random weights suffice; biases usually start at 0. The notes ask for both, but constant weights with random biases break the symmetry only partly (measured accuracy .44 to .50).",
            "ko": "가중치만 무작위면 충분하고 편향 값은 보통 0에서 시작합니다. 노트는 둘 다라고 했지만, 가중치가 상수이고 편향 값만 무작위면 대칭 파괴가 일부만 일어납니다(측정 정확도 .44–.50).",
        },
        formula=mathml(r"W_{i j} ∼ N ( 0 , σ_w^2 ) , \quad b_i = 0"),
        source=GOODFELLOW_8,
        source_words="Goodfellow et al. 2016, §8.4",
        experiments=("E8",),
    ),
    Statement(
        number=43,
        section=RANDOM,
        noted={
            "en": "A simple and much-used way; generally applied where there are few layers or one only.",
            "ko": "간단하고 많이 사용되는 초기화 방법임 → 언제 쓰임? 계층이 적거나 하나만 있는 경우 보편적으로 적용",
        },
        status="imprecise",
        correct={
            "en": "A fixed scale chosen without regard to width is fine for few layers. The notes set random against the other methods, but Xavier and Kaiming draw at random as well, for networks of any depth; only their scale follows from the width.",
            "ko": "너비를 따지지 않고 정한 크기는 계층이 적을 때 쓸 만합니다. 노트는 무작위 초기화를 다른 방법과 따로 두었지만, 제이비어와 카이밍도 무작위로 뽑으며 깊은 망에도 씁니다. 다른 것은 크기를 너비에서 정한다는 점뿐입니다.",
        },
        source=INIT,
        source_words="PyTorch, torch.nn.init",
    ),
    Statement(
        number=44,
        section=RANDOM,
        noted={
            "en": "But! The more and deeper the layers, the more the activations lean to both extremes, and gradients vanish.",
            "ko": "→ But! 계층 많아지고 깊어질수록 활성화 값이 양 끝단에 치우치게 되어, 기울기 소실 현상 발생",
        },
        status="imprecise",
        correct={
            "en": "Scale, width and activation function decide together. The notes' picture fits a sigmoid in a narrow network (measured gradient ratio over 10 layers under N(0, 1): .008 at width 16, but 5.9 at 256); tanh with N(0, 1) saturates and its gradients yet explode, while small weights make them vanish without any saturation.",
            "ko": "크기와 너비, 활성화 함수가 함께 정합니다. 노트의 설명은 좁은 망의 시그모이드에 들어맞습니다(N(0, 1), 10개 층의 측정 기울기 비: 너비 16에서 .008, 256에서는 5.9). N(0, 1)의 tanh는 양 끝에 치우치는데도 기울기가 폭주하고, 가중치가 작으면 치우치지 않고도 기울기가 소실됩니다.",
        },
        formula=mathml(r"\frac{E [ δ_{l - 1}^2 ]}{E [ δ_l^2 ]} = n σ_w^2 E [ φ ' ( z )^2 ]"),
        source=POOLE,
        source_words="Poole et al. 2016",
        experiments=("E9",),
    ),
    Statement(
        number=45,
        section=XAVIER,
        noted={
            "en": "“Xavier & Glorot”: initialises weights with a uniform or a normal distribution. Proposed in 2010.",
            "ko": "제이비어 & 글로럿 초기화: 균등 분포나 정규 분포를 사용해 가중치 초기화 / 2010년 제안",
        },
        status="true",
        correct={
            "en": "So it is, though it is one person's name, Xavier Glorot (with Yoshua Bengio); the paper gives the uniform form, and the normal one has the same variance.",
            "ko": "맞습니다. 다만 제이비어 글로럿은 한 사람의 이름입니다(공저자는 요슈아 벤지오). 논문에 있는 것은 균등 분포이고, 정규 분포는 같은 분산을 씁니다.",
        },
        formula=mathml(r"W ∼ U [ - \sqrt{\frac{6}{n_{\op{in}} + n_{\op{out}}}} , \sqrt{\frac{6}{n_{\op{in}} + n_{\op{out}}}} ]"),
        source=GLOROT,
        source_words="Glorot & Bengio 2010",
    ),
    Statement(
        number=46,
        section=XAVIER,
        noted={
            "en": "Initialises so that for each node “variance of the output = variance of the input”.",
            "ko": "각 노드의 “출력 분산=입력 분산”이 되도록 초기화",
        },
        status="imprecise",
        correct={
            "en": "Keeping the forward variance asks for 1/fan_in, keeping the gradient's asks for 1/fan_out; Xavier takes the compromise between the two. The notes give the forward half only, and it is exact only where the layer is square and the activation function nearly linear.",
            "ko": "순방향의 분산을 지키려면 1/fan_in, 기울기의 분산을 지키려면 1/fan_out이어야 하고, 제이비어는 그 둘의 절충입니다. 노트는 순방향만 적었는데, 그마저 입력과 출력의 수가 같고 활성화 함수가 거의 선형일 때만 정확합니다.",
        },
        formula=mathml(
            r"n_{\op{in}} \op{Var} ( W ) = 1 , \quad n_{\op{out}} \op{Var} ( W ) = 1 \quad → \quad \op{Var} ( W ) = \frac{2}{n_{\op{in}} + n_{\op{out}}}"
        ),
        source=GLOROT,
        source_words="Glorot & Bengio 2010",
        experiments=("E9",),
    ),
    Statement(
        number=47,
        section=XAVIER,
        noted={
            "en": "Assigns a different standard deviation by the number of nodes of the hidden layer, computed from the layer's input and output nodes.",
            "ko": "은닉층의 노드 수에 따라 다른 표준 편차를 할당 / 현재 계층의 입력 및 출력 노드 수를 기반으로 계산",
        },
        status="true",
        correct={
            "en": "So it is: the deviation is √(2/(fan_in + fan_out)), times a gain where one is chosen.",
            "ko": "맞습니다. 표준편차는 √(2/(fan_in + fan_out))이고, 게인을 정했다면 그만큼 곱합니다.",
        },
        formula=mathml(r"σ_w = \sqrt{\frac{2}{n_{\op{in}} + n_{\op{out}}}}"),
        source=GLOROT,
        source_words="Glorot & Bengio 2010",
    ),
    Statement(
        number=48,
        section=XAVIER,
        noted={
            "en": "Effective in networks with activation functions such as sigmoid or hyperbolic tangent.",
            "ko": "활성화 함수(시그모이드나 하이퍼볼릭 탄젠트)의 네트워크에서 효과적임",
        },
        # True for tanh, false for sigmoid: imprecise as one statement.
        status="imprecise",
        correct={
            "en": "For tanh it holds: its slope at 0 is 1, as the derivation supposes. The notes add the sigmoid, whose slope is at most 1/4, so that with gain 1 the gradient still vanishes (measured over 10 layers: 2e-6, against 0.39 with tanh).",
            "ko": "tanh에 대해서는 맞습니다. 0에서의 기울기가 유도 과정의 가정대로 1입니다. 노트는 시그모이드도 들지만 시그모이드의 기울기는 1/4 이하라서 게인 1로는 여전히 기울기가 소실됩니다(10개 층의 측정값: 2e-6, tanh는 0.39).",
        },
        formula=mathml(r"\op{tanh} ' ( 0 ) = 1 , \quad σ ' ( z ) ≤ σ ' ( 0 ) = \frac{1}{4}"),
        source=GLOROT,
        source_words="Glorot & Bengio 2010",
        experiments=("E9",),
    ),
    Statement(
        number=49,
        section=HE,
        noted={
            "en": "“Kaiming & He”: like Xavier's, with a uniform or a normal distribution. Proposed in 2015; effective in feed-forward networks.",
            "ko": "카이밍&허 초기화: 제이비어 초기화 방법과 마찬가지로 균등 분포나 정규 분포를 사용해 가중치를 초기화함 / 2015년 제안. 순방향 신경망 네트워크에서 효과적임",
        },
        status="true",
        correct={
            "en": "So it is, though it is one person's name, Kaiming He; the paper gives the normal form, and the uniform one has the same variance.",
            "ko": "맞습니다. 다만 카이밍 허는 한 사람의 이름입니다. 논문에 있는 것은 정규 분포이고, 균등 분포는 같은 분산을 씁니다.",
        },
        formula=mathml(r"W ∼ N ( 0 , \frac{2}{n_{\op{in}}} ) , \quad U [ - \sqrt{\frac{6}{n_{\op{in}}}} , \sqrt{\frac{6}{n_{\op{in}}}} ]"),
        source=HE_2015,
        source_words="He et al. 2015",
        experiments=("E12",),
    ),
    Statement(
        number=50,
        section=HE,
        noted={
            "en": "The difference? It initialises by the number of input neurons of the current layer only.",
            "ko": "→ 차이점은? 현재 계층의 입력 뉴런수를 기반으로만 가중치를 초기화함",
        },
        status="imprecise",
        correct={
            "en": "Fan_in is the default. The notes say only that; the paper shows (§2.2) that fan_out, which keeps the gradient's variance instead, is equally sufficient.",
            "ko": "기본값은 fan_in입니다. 노트는 그것뿐이라고 했지만, 논문은 기울기의 분산을 지키는 fan_out도 똑같이 충분함을 보입니다(§2.2).",
        },
        formula=mathml(r"\op{Var} ( W ) = \frac{2}{n_{\op{in}}} , \quad \op{Var} ( W ) = \frac{2}{n_{\op{out}}}"),
        source=HE_2015,
        source_words="He et al. 2015, §2.2",
    ),
    Statement(
        number=51,
        section=HE,
        noted={
            "en": "Its improvement? It makes each node's output variance equal to the input variance and so minimises ReLU's problem of dead neurons.",
            "ko": "→ 보완은? 각 노드의 출력 분산과 입력분산을 동일하게 만들어 ReLU함수의 죽은 뉴런 문제를 최소화할 수 있음",
        },
        status="false",
        correct={
            "en": "At initialisation it can't: with zero biases, a positive factor on the weights changes no pre-activation's sign, so of the same draw Kaiming and Xavier leave exactly the same units dead (measured: difference 0). The notes credit it with fewer dead neurons; what it does is keep the scale through depth, and depth itself is what makes ReLU networks be born dead.",
            "ko": "초기화 시점에는 그럴 수 없습니다. 편향 값이 0이면 가중치에 양수를 곱해도 활성화 전 값의 부호가 바뀌지 않으므로, 같은 뽑기에서 카이밍과 제이비어의 죽은 뉴런은 정확히 같습니다(측정값: 차이 0). 노트는 죽은 뉴런이 준다고 했지만 카이밍이 하는 일은 깊이를 지나도 크기를 지키는 것이고, ReLU 망이 처음부터 죽은 채 나오게 하는 것은 깊이 자체입니다.",
        },
        formula=mathml(r"\op{ReLU} ( c z ) = c \op{ReLU} ( z ) \quad ( c > 0 )"),
        source=LU,
        source_words="Lu et al. 2019",
        experiments=("E10",),
    ),
    Statement(
        number=52,
        section=HE,
        noted={"en": "What is the dead-neuron problem?", "ko": "죽은 뉴런 문제가 뭘까?"},
        # The question asserts only that this problem exists, which is true.
        status="true",
        correct={
            "en": "There is such a problem: a ReLU unit is dead when its pre-activation is 0 or less on all inputs, for then its output is 0 and no gradient passes through it.",
            "ko": "그런 문제가 있습니다. ReLU 유닛의 활성화 전 값이 모든 입력에서 0 이하이면 출력이 늘 0이고 기울기도 지나가지 못하며, 이것이 죽은 뉴런입니다.",
        },
        formula=mathml(r"w^⊤ x + b ≤ 0 \quad ∀ x \quad ⇒ \quad \frac{∂ L}{∂ w} = 0 , \frac{∂ L}{∂ b} = 0"),
        source=LU,
        source_words="Lu et al. 2019",
        experiments=("E11",),
        question=True,
        answer={
            "en": "A ReLU unit gives max(0, z). Where z is 0 or less, its output is 0 and so is its slope. "
            "A unit for which this is so on every input of the data is called dead: nothing flows forward through it, and no gradient flows back. "
            "Its own weights then get a gradient of exactly 0 and stop changing; it can come back only if the layers before it change its inputs. "
            "What kills units is usually one step that is too large, or a strongly negative bias: a learning rate of 2 left .83 to .91 of the units dead (measured). "
            "A unit that is 0 on some inputs and not on others is not dead: that is how ReLU is meant to work. "
            "A smaller learning rate helps, and so does leaky ReLU, whose slope on the negative side is small but not 0 (measured accuracy at the same rate of 2: .93 to .98).",
            "ko": "ReLU 유닛의 출력은 max(0, z)이므로, z가 0 이하이면 출력도 0이고 그 기울기도 0입니다. "
            "데이터의 모든 입력에서 그런 유닛을 죽은 뉴런이라고 합니다. 앞으로는 아무것도 전하지 않고, 뒤로는 기울기가 흐르지 않습니다. "
            "그러면 유닛 자신의 가중치도 기울기가 정확히 0이라 더 바뀌지 않고, 앞쪽 계층이 바뀌어 입력이 달라질 때만 되살아날 수 있습니다. "
            "유닛을 죽이는 것은 보통 너무 큰 한 스텝이나 크게 음수인 편향 값이며, 학습률 2는 유닛의 .83–.91을 죽였습니다(측정값). "
            "어떤 입력에서는 0이고 다른 입력에서는 0이 아닌 유닛은 죽은 것이 아니라 ReLU가 제대로 일하는 것입니다. "
            "학습률을 낮추거나, 음수 쪽 기울기가 작지만 0은 아닌 leaky ReLU를 쓰면 도움이 됩니다(같은 학습률 2의 측정 정확도: .93–.98).",
        },
    ),
    Statement(
        number=53,
        section=HE,
        noted={
            "en": "Effective in networks that use ReLU as activation function.",
            "ko": "ReLU를 활성화 함수로 사용하는 네트워크에서 효과적임",
        },
        status="true",
        correct={
            "en": "So it is: ReLU halves the mean square of a symmetric pre-activation, and the 2 in 2/fan_in makes up for it; at depth 30 Xavier doesn't leave ln 10 and Kaiming learns (measured loss: 2.304 against .36 to .83).",
            "ko": "맞습니다. ReLU는 대칭인 활성화 전 값의 제곱 평균을 반으로 줄이고, 2/fan_in의 2가 그것을 메웁니다. 깊이 30에서 제이비어는 ln 10을 벗어나지 못하고 카이밍은 배웁니다(측정 손실: 2.304와 .36–.83).",
        },
        formula=mathml(r"E [ \op{ReLU} ( z )^2 ] = \frac{1}{2} \op{Var} ( z ) \quad ⇒ \quad \frac{1}{2} n_{\op{in}} \op{Var} ( W ) = 1"),
        source=HE_2015,
        source_words="He et al. 2015",
        experiments=("E12",),
    ),
)
