from trainer.claims.statements import Statement
from trainer.claims.statements.mathml import mathml

SECTION = {"en": "Kinds of normalisation", "ko": "정규화의 종류"}
IOFFE = "https://arxiv.org/abs/1502.03167"
BA = "https://arxiv.org/abs/1607.06450"
ULYANOV = "https://arxiv.org/abs/1607.08022"
WU_HE = "https://arxiv.org/abs/1803.08494"
TORCH = "https://docs.pytorch.org/docs/stable/generated/torch.nn.{}.html"

STATEMENTS = (
    Statement(
        number=16,
        section=SECTION,
        noted={
            "en": "Batch normalisation: normalises a layer's input by the mean and variance computed in the mini-batch.",
            "ko": "배치 정규화: 미니 배치에서 계산된 평균 및 분산 기반, 계층 입력 정규화",
        },
        status="true",
        correct={
            "en": "So it is in training. In eval mode the running mean and variance stand in for the batch's, and in both modes a learned scale γ and shift β follow.",
            "ko": "훈련 모드에서는 맞습니다. 평가 모드에서는 배치 통계 대신 이동 평균과 이동 분산을 쓰고, 두 모드 모두 학습되는 배율 γ와 이동값 β가 뒤따릅니다.",
        },
        formula=mathml(
            r"\text{train:} \quad y = γ \frac{x - μ_B}{\sqrt{σ_B^2 + ε}} + β \\ \text{eval:} \quad y = γ \frac{x - \hat{μ}}{\sqrt{{\hat{σ}}^2 + ε}} + β"
        ),
        source=IOFFE,
        source_words="Ioffe & Szegedy 2015",
        experiments=("E6",),
    ),
    Statement(
        number=17,
        section=SECTION,
        noted={
            "en": "Mainly used in computer vision; feed-forward networks: convolutional networks (CNN), multilayer perceptrons (MLP).",
            "ko": "주로 컴퓨터 비전에서 사용 / 순방향 신경망 : 합성곱 신경망(CNN), 다층 퍼셉트론(MLP)",
        },
        status="true",
        correct={
            "en": "So it is: there the batches are large enough and every position of a feature map adds to a channel's statistics.",
            "ko": "맞습니다. 그런 망에서는 배치가 충분히 크고, 합성곱이라면 특징 맵의 모든 위치가 채널의 통계에 보태집니다.",
        },
        source=IOFFE,
        source_words="Ioffe & Szegedy 2015",
    ),
    Statement(
        number=18,
        section=SECTION,
        noted={
            "en": "Classes: BarchNorm1d, 2d, 3d (2D/3D, 4D, 5D input data).",
            "ko": "클래스 : BarchNorm1d, 2d, 3d(2D/3D, 4D, 5D 입력데이터)",
        },
        status="true",
        correct={
            "en": "So it is, but for the spelling, BatchNorm: 1d reads (N, C) or (N, C, L), 2d reads (N, C, H, W), 3d reads (N, C, D, H, W).",
            "ko": "철자가 BatchNorm인 것 말고는 맞습니다. 1d는 (N, C)나 (N, C, L), 2d는 (N, C, H, W), 3d는 (N, C, D, H, W)를 받습니다.",
        },
        source=TORCH.format("BatchNorm1d"),
        source_words="PyTorch, BatchNorm1d",
        experiments=("E6",),
    ),
    Statement(
        number=19,
        section=SECTION,
        noted={
            "en": "Layer normalisation: normalises not over the whole of the image data but for each image by channel.",
            "ko": "계층 정규화: 이미지 데이터 전체가 아니라, 각각의 이미지 데이터에 채널별로 정규화 수행",
        },
        status="false",
        correct={
            "en": "Layer normalisation takes one mean and one variance over all of normalized_shape together: for an image usually channels, height and width, (C, H, W). Read as “for each channel on its own”, what the notes say is instance normalisation; read as “across the channels”, it would hold.",
            "ko": "계층 정규화는 normalized_shape 전체, 이미지라면 보통 채널과 높이와 너비 (C, H, W)를 한데 모아 평균 하나와 분산 하나를 냅니다. 노트의 '채널별로'를 채널마다 따로라는 뜻으로 읽으면 그것은 인스턴스 정규화이고, 여러 채널에 걸쳐라는 뜻이라면 맞습니다.",
        },
        formula=mathml(r"\op{LN} : S_i = \{ k : k_N = i_N \} \\ \op{IN} : S_i = \{ k : k_N = i_N , k_C = i_C \}"),
        source=BA,
        source_words="Ba et al. 2016",
        experiments=("E6",),
    ),
    Statement(
        number=20,
        section=SECTION,
        noted={
            "en": "It can normalise though samples differ in length; mainly used in natural language processing; recurrent networks (RNN) and Transformer models.",
            "ko": "샘플이 서로 다른 길이를 가지더라도 정규화 수행 가능, 주로 자연어 처리에서 사용 / 순환 신경망(RNN), 트랜스포머 기반 모델",
        },
        status="true",
        correct={
            "en": "So it is: each token is normalised over its own d features, so neither other tokens nor padding change its output (padding still has to be masked elsewhere).",
            "ko": "맞습니다. 토큰마다 자기 특징 d개만으로 정규화하므로 다른 토큰이나 패딩이 있어도 출력이 바뀌지 않습니다(패딩은 다른 곳에서 여전히 가려야 합니다).",
        },
        formula=mathml(r"μ_t = \frac{1}{d} \sum_{j = 1}^d x_{t j} \quad σ_t^2 = \frac{1}{d} \sum_{j = 1}^d ( x_{t j} - μ_t )^2"),
        source=BA,
        source_words="Ba et al. 2016",
        experiments=("E6",),
    ),
    Statement(
        number=21,
        section=SECTION,
        noted={
            "en": "Class: LayerNorm (works by the size of the dimension to be normalised).",
            "ko": "클래스 : LayerNorm(정규화하려는 차원 크기로 수행)",
        },
        status="true",
        correct={
            "en": "So it is: normalized_shape gives the sizes of the trailing dimensions, the last one or several, which are normalised together.",
            "ko": "맞습니다. normalized_shape는 함께 정규화할 뒤쪽 차원들, 곧 마지막 하나 또는 여럿의 크기입니다.",
        },
        source=TORCH.format("LayerNorm"),
        source_words="PyTorch, LayerNorm",
    ),
    Statement(
        number=22,
        section=SECTION,
        noted={
            "en": "Instance normalisation: by channel and sample; done for each sample on its own, so it suits tasks whose inputs have different distributions.",
            "ko": "인스턴스 정규화: 채널과 샘플 기준으로 정규화 수행, 각 샘플에 대해 개별적으로 수행 되므로 입력이 다른 분포를 갖는 작업에 적합함.",
        },
        status="true",
        correct={
            "en": "So it is: each channel of each sample has its own mean and variance. The price is that contrast and brightness are erased, so where they carry meaning it does harm.",
            "ko": "맞습니다. 샘플마다, 채널마다 평균과 분산을 따로 냅니다. 그 대신 대비와 밝기가 지워지므로, 거기에 의미가 있는 작업에는 해롭습니다.",
        },
        formula=mathml(r"\op{IN} ( a x + b ) = \op{IN} ( x ) \quad ( a > 0 , ε → 0 )"),
        source=ULYANOV,
        source_words="Ulyanov et al. 2016",
        experiments=("E6",),
    ),
    Statement(
        number=23,
        section=SECTION,
        noted={
            "en": "Generative adversarial networks (GAN), style transfer models.",
            "ko": "생성적 적대 신경망(GAN), 스타일 변환(Style Transfer) 모델",
        },
        status="true",
        correct={
            "en": "So it is: it was introduced for style transfer, where the contrast of the content image is what one wants to be rid of.",
            "ko": "맞습니다. 내용 이미지의 대비를 없애는 것이 도움이 되는 스타일 변환을 위해 제안되었습니다.",
        },
        source=ULYANOV,
        source_words="Ulyanov et al. 2016",
    ),
    Statement(
        number=24,
        section=SECTION,
        noted={
            "en": "Classes: InstanceNorm1d, 2d, 3d (2D/3D, 4D, 5D input data).",
            "ko": "클래스 : InstanceNorm1d, 2d, 3d(2D/3D, 4D, 5D 입력데이터)",
        },
        status="imprecise",
        correct={
            "en": "1d reads (C, L) or (N, C, L), 2d reads 3-D or 4-D, 3d reads 4-D or 5-D input. The notes give batch normalisation's list; in InstanceNorm1d a 2-D input is one sample of (C, L), not a batch (N, C), where one value a channel would leave nothing to normalise.",
            "ko": "1d는 (C, L)이나 (N, C, L), 2d는 3D나 4D, 3d는 4D나 5D 입력을 받습니다. 노트는 배치 정규화의 목록을 그대로 적었지만, InstanceNorm1d의 2D 입력은 배치 (N, C)가 아니라 샘플 하나 (C, L)입니다. (N, C)라면 채널마다 값이 하나뿐이라 정규화할 것이 없습니다.",
        },
        source=TORCH.format("InstanceNorm1d"),
        source_words="PyTorch, InstanceNorm1d",
        experiments=("E6",),
    ),
    Statement(
        number=25,
        section=SECTION,
        noted={
            "en": "Group normalisation: splits the channels into N groups and normalises within each group.",
            "ko": "그룹 정규화: 채널을 N개의 그룹으로 나누고 그룹 내 정규화 수행",
        },
        status="true",
        correct={
            "en": "So it is: for each sample, the C/G channels of a group and all their positions share one mean and variance (the paper writes G for the notes' N).",
            "ko": "맞습니다. 샘플마다 한 그룹의 채널 C/G개와 그 모든 위치가 평균과 분산 하나를 함께 씁니다(노트의 N을 논문은 G로 씁니다).",
        },
        formula=mathml(r"S_i = \{ k : k_N = i_N , ⌊ \frac{k_C}{C / G} ⌋ = ⌊ \frac{i_C}{C / G} ⌋ \}"),
        source=WU_HE,
        source_words="Wu & He 2018",
    ),
    Statement(
        number=26,
        section=SECTION,
        noted={"en": "If N = 1, it is the same as instance normalisation.", "ko": "N=1이면, 인스턴스 정규화와 동일"},
        status="false",
        correct={
            "en": "With one group all channels are normalised together, so its statistics are those of layer normalisation over (C, H, W) (measured: equal to 5e-7). The notes have the two ends swapped; what still differs is the affine part, γ and β per channel here and per element in layer normalisation.",
            "ko": "그룹이 하나면 모든 채널을 한데 정규화하므로 통계가 (C, H, W)에 대한 계층 정규화와 같습니다(측정값: 5e-7까지 일치). 노트는 양 끝을 서로 바꾸어 적었습니다. 남는 차이는 γ와 β로, 그룹 정규화는 채널마다, 계층 정규화는 원소마다 둡니다.",
        },
        formula=mathml(r"G = 1 : S_i = \{ k : k_N = i_N \}"),
        source=WU_HE,
        source_words="Wu & He 2018",
        experiments=("E6",),
    ),
    Statement(
        number=27,
        section=SECTION,
        noted={
            "en": "If N (the number of groups) = the number of channels, it is the same as layer normalisation.",
            "ko": "N(그룹의 수)=채널의 개수면, 계층 정규화와 동일",
        },
        status="false",
        correct={
            "en": "With as many groups as channels each channel is normalised on its own, and that is instance normalisation. The notes have the two ends swapped.",
            "ko": "그룹이 채널 수만큼이면 채널마다 따로 정규화하며, 그것은 인스턴스 정규화입니다. 노트는 양 끝을 서로 바꾸어 적었습니다.",
        },
        formula=mathml(r"G = C : S_i = \{ k : k_N = i_N , k_C = i_C \}"),
        source=WU_HE,
        source_words="Wu & He 2018",
        experiments=("E6",),
    ),
    Statement(
        number=28,
        section=SECTION,
        noted={
            "en": "Used when the batch is small or the channels are very many; used as an alternative to batch normalisation.",
            "ko": "배치 크기가 작거나, 채널의 수가 매우 많은 경우 사용, 배치 정규화의 대안으로 사용됨",
        },
        status="true",
        correct={
            "en": "So it is for small batches: group normalisation doesn't depend on the batch (measured error at batch size 2: .05 to .08, against .39 to .66 with batch normalisation). The number of channels is no criterion of the paper; it has only to be divisible by the number of groups.",
            "ko": "작은 배치에 대해서는 맞습니다. 그룹 정규화는 배치에 기대지 않습니다(배치 크기 2의 측정 오차: .05–.08, 배치 정규화는 .39–.66). 채널의 수는 논문이 든 기준이 아니며, 그룹의 수로 나누어떨어지기만 하면 됩니다.",
        },
        formula=mathml(r"\frac{∂ μ_i}{∂ x_k} = 0 \quad ( k_N ≠ i_N )"),
        source=WU_HE,
        source_words="Wu & He 2018",
        experiments=("E7",),
    ),
    Statement(
        number=29,
        section=SECTION,
        noted={
            "en": "Class: GroupNorm (given the groups and the channels).",
            "ko": "클래스 : GroupNorm(그룹과 채널을 나눠서 진행)",
        },
        status="true",
        correct={
            "en": "So it is: GroupNorm(num_groups, num_channels), where the channels must be divisible by the groups.",
            "ko": "맞습니다. GroupNorm(num_groups, num_channels)이고, 채널 수는 그룹 수로 나누어떨어져야 합니다.",
        },
        formula=mathml(r"C ≡ 0 \quad ( \op{mod} G )"),
        source=TORCH.format("GroupNorm"),
        source_words="PyTorch, GroupNorm",
    ),
    Statement(
        number=30,
        section=SECTION,
        noted={
            "en": "The feature map shown in 3-D → how each normalisation is carried out. [Image 1]",
            "ko": "특징 맵(Feature Map)을 3D로 시각화 → 정규화가 수행되는 방식 [그림 1]",
        },
        status="true",
        # The image is lost. The judged statement is that such a picture distinguishes the norms, which is true.
        correct={
            "en": "So it is: along the axes N, C and H·W, what tells the normalisations apart is the set S_i of values that share one mean and one variance.",
            "ko": "맞습니다. N, C, H·W 세 축에서 정규화들을 가르는 것은 평균 하나와 분산 하나를 함께 쓰는 값의 집합 S_i입니다.",
        },
        formula=mathml(
            r"\op{BN} : k_C = i_C \\ \op{LN} : k_N = i_N \\ \op{IN} : k_N = i_N , k_C = i_C \\ \op{GN} : k_N = i_N , ⌊ \frac{k_C}{C / G} ⌋ = ⌊ \frac{i_C}{C / G} ⌋"
        ),
        source=WU_HE,
        source_words="Wu & He 2018, Figure 2",
        experiments=("E6",),
    ),
    Statement(
        number=31,
        section=SECTION,
        noted={
            "en": "Block: image or text data. Dimensions: the size of the image (width, height) or of the vocabulary. Channels: channels of the image or timesteps.",
            "ko": "블록 : 이미지 데이터 or 텍스트 데이터 / 차원(Dimensions) : 이미지 데이터의 크기(너비, 높이) or 어휘사전의 크기 / 채널(Channels) : 이미지 데이터의 채널 or 시간 간격(Timestep)",
        },
        status="imprecise",
        correct={
            "en": "For images it holds. For text the axis that is normalised is the width of the embedding; the notes say the size of the vocabulary, but that only counts the rows of the embedding table and is no axis of a feature map.",
            "ko": "이미지에 대해서는 맞습니다. 텍스트에서 정규화하는 축은 임베딩의 너비입니다. 노트는 어휘사전의 크기라고 했지만, 그것은 임베딩 표의 행 수일 뿐 특징 맵의 축이 아닙니다.",
        },
        formula=mathml(r"x ∈ \op{ℝ}^{N × T × d}"),
        source=TORCH.format("LayerNorm"),
        source_words="PyTorch, LayerNorm",
    ),
)
