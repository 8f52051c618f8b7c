"""The experiments' questions to the reader, and how to read their figures: by id."""

Words = dict[str, str]

#: Asked before the figure is shown.
PREDICT: dict[str, Words] = {
    "E1": {
        "en": "Thirty noisy points of a sine are fitted with polynomials of degree 1 to 9: which falls with the degree, and which rises, bias² or variance?",
        "ko": "노이즈가 있는 사인 곡선의 점 30개를 차수 1–9의 다항식으로 맞춥니다. 차수가 커지면 편향²과 분산 가운데 무엇이 줄고 무엇이 커질까요?",
    },
    "E2": {
        "en": "With 200 examples, what does the test risk do as the number of random features goes from 20 past 200 to 3000?",
        "ko": "예가 200개일 때 무작위 특징의 수가 20에서 200을 지나 3000까지 커지면 시험 위험은 어떻게 될까요?",
    },
    "E3": {
        "en": "Three in ten labels are wrong: how many of the wrong ones has the network learned when early stopping ends the training, and how many after 80 epochs?",
        "ko": "레이블 열에 셋이 틀렸습니다. 조기 중단이 훈련을 끝낼 때, 그리고 80 에폭 뒤에, 망은 틀린 레이블을 얼마나 외웠을까요?",
    },
    "E4": {
        "en": "If noise after batch normalisation makes every layer's distribution shift on purpose, will the network learn worse than one without any normalisation?",
        "ko": "배치 정규화 뒤에 노이즈를 넣어 계층마다 분포를 일부러 흔들면, 정규화가 없는 망보다 못 배울까요?",
    },
    "E5": {
        "en": "How much larger a learning rate can batch normalisation bear than the same network without?",
        "ko": "배치 정규화가 있으면 같은 망이 얼마나 더 큰 학습률을 견딜까요?",
    },
    "E6": {
        "en": "Group normalisation with one group equals one of the other norms, and with as many groups as channels it equals another: which is which?",
        "ko": "그룹이 하나인 그룹 정규화와 그룹이 채널 수만큼인 그룹 정규화는 각각 다른 어떤 정규화와 같을까요?",
    },
    "E7": {
        "en": "With only two examples in a batch, which has the larger test error: batch normalisation, group normalisation, or none?",
        "ko": "배치에 예가 둘뿐이면 배치 정규화, 그룹 정규화, 정규화 없음 가운데 어느 쪽의 시험 오차가 가장 클까요?",
    },
    "E8": {
        "en": "If every weight starts at 0.1, how far apart will the units of a layer be after 200 steps?",
        "ko": "모든 가중치가 0.1에서 시작하면 200 스텝 뒤에 한 계층의 유닛들은 서로 얼마나 달라져 있을까요?",
    },
    "E9": {
        "en": "Ten tanh layers start from N(0, 1) weights and saturate: will the gradient vanish or explode on its way back to layer 1?",
        "ko": "tanh 층 10개가 N(0, 1) 가중치로 시작해 활성값이 양 끝에 치우칩니다. 1층까지 돌아온 기울기는 소실될까요, 폭주할까요?",
    },
    "E10": {
        "en": "Kaiming weights are √2 times Xavier's from the same draw: how many fewer ReLU units are dead at the start?",
        "ko": "같은 뽑기에서 카이밍 가중치는 제이비어의 √2배입니다. 시작할 때 죽은 뉴런은 몇 개나 줄까요?",
    },
    "E11": {
        "en": "What share of the ReLU units will be dead after training with a learning rate of 2, and what with 0.05?",
        "ko": "학습률 2로 훈련하면 ReLU 유닛의 몇 퍼센트가 죽을까요? 0.05라면 어떨까요?",
    },
    "E12": {
        "en": "At depth 22 and at depth 30, will a ReLU network learn from Xavier, from Kaiming, or from both?",
        "ko": "깊이 22와 깊이 30의 ReLU 망은 제이비어로 배울까요, 카이밍으로 배울까요, 둘 다일까요?",
    },
    "E13": {
        "en": "After 200 steps back in time, how large is the gradient with orthogonal weights, and how large with Gaussian weights of gain 1 or 1.1?",
        "ko": "시간을 200 스텝 거슬러 간 뒤의 기울기는 직교 가중치라면 얼마나 클까요? 게인 1이나 1.1인 정규분포 가중치라면요?",
    },
    "E14": {
        "en": "Of 200 weights only 10 matter: how many become exactly 0 by a proximal step, by the subgradient, and by L2?",
        "ko": "가중치 200개 가운데 10개만 필요합니다. 근접 방법, 열미분, L2에서 각각 몇 개가 정확히 0이 될까요?",
    },
    "E15": {
        "en": "How much longer does a step with L1 take than a step with L2?",
        "ko": "L1을 쓰는 스텝은 L2를 쓰는 스텝보다 얼마나 더 오래 걸릴까요?",
    },
    "E16": {
        "en": "As λ grows, what happens to the norm of the weights, to the variance and to bias²?",
        "ko": "λ가 커지면 가중치의 노름, 분산, 편향²은 각각 어떻게 될까요?",
    },
    "E17": {
        "en": "Can a network reach training accuracy 1 on labels drawn at random, and what is its test accuracy then?",
        "ko": "망은 무작위로 뽑은 레이블에서도 훈련 정확도 1에 이를 수 있을까요? 그때 시험 정확도는 얼마일까요?",
    },
    "E18": {
        "en": "If the weights before a batch normalisation are made ten times as large, what becomes of the output, and of the gradient?",
        "ko": "배치 정규화 앞의 가중치를 열 배로 키우면 출력과 기울기는 어떻게 될까요?",
    },
    "E19": {
        "en": "Where does L2 gain more test accuracy: with 100 training examples or with 1000?",
        "ko": "L2는 훈련 예가 100개일 때와 1000개일 때 가운데 어느 쪽에서 시험 정확도를 더 올릴까요?",
    },
    "E20": {
        "en": "Of five scales of the initial weights, from 0.01 to 1, from how many does a network learn without batch normalisation, and from how many with it?",
        "ko": "초기 가중치의 크기 다섯 가지(0.01–1) 가운데 배치 정규화 없이는 몇 가지에서, 있으면 몇 가지에서 배울까요?",
    },
}

#: The content of each figure, and how to read it.
STORY: dict[str, Words] = {
    "E1": {
        "en": "Each degree is fitted to 200 samples of the noise. bias² is how far the mean of the fits lies from the true curve, variance how far single fits scatter about their mean; both are drawn on a logarithmic axis, so read where the two curves cross.",
        "ko": "차수마다 노이즈를 200번 새로 뽑아 맞춥니다. 편향²은 맞춘 곡선들의 평균이 참 곡선에서 벗어난 정도, 분산은 곡선 하나하나가 그 평균에서 흩어진 정도입니다. 세로축은 로그이니 두 곡선이 만나는 곳을 보세요.",
    },
    "E2": {
        "en": "The test risk and the variance are drawn over the number of features, both axes logarithmic. Look for the peak where features and examples are equal in number, and for the second fall beyond it; that fall doesn't have to end below the first, so bigger isn't better by rule.",
        "ko": "특징의 수에 따른 시험 위험과 분산을 두 축 모두 로그로 그립니다. 특징과 예의 수가 같은 곳의 봉우리와 그 뒤의 두 번째 하강을 보세요. 두 번째가 첫 번째보다 낮아진다는 보장은 없으므로 클수록 좋다는 뜻은 아닙니다.",
    },
    "E3": {
        "en": "One curve is the validation accuracy, the other the share of wrong labels that the network has learned. Early stopping ends before the second one climbs. The counts beside it tell how often each example was visited: training examples equally often, validation examples never.",
        "ko": "한 곡선은 검증 정확도, 다른 곡선은 망이 외운 틀린 레이블의 비율입니다. 조기 중단은 둘째 곡선이 오르기 전에 끝냅니다. 옆의 수는 예마다 본 횟수입니다. 훈련 예는 똑같이 자주, 검증 예는 한 번도 보지 않습니다.",
    },
    "E4": {
        "en": "The curves are the drift: how far the mean of what each layer reads moves, in units of its deviation. Compare the drift of the three networks with the accuracies beside it: if more drift came with equal learning, then drift is not what holds learning back. The loss gap with and without batch normalisation shows its effect on overfitting.",
        "ko": "곡선은 분포 이동, 곧 각 층이 받는 입력의 평균이 표준편차에 견주어 얼마나 움직였는지입니다. 세 망의 분포 이동을 옆의 정확도와 견주어 보세요. 분포 이동이 더 큰데도 똑같이 배웠다면 학습을 막는 것은 분포 이동이 아닙니다. 배치 정규화가 있을 때와 없을 때의 손실 차이는 과대적합에 미치는 효과를 보여 줍니다.",
    },
    "E5": {
        "en": "Each point is one run: its learning rate on a logarithmic axis, and the test accuracy that it reached. Find for each curve the rightmost point at 0.85 or above; the ratio of those two rates is what the criterion is about.",
        "ko": "점 하나가 한 번의 훈련이고, 가로축은 학습률(로그), 세로축은 시험 정확도입니다. 곡선마다 0.85 이상인 가장 오른쪽 점을 찾으세요. 기준이 보는 것은 그 두 학습률의 비입니다.",
    },
    "E6": {
        "en": "Every normalisation is computed by hand and compared with PyTorch's; the figure gives the largest difference, on a logarithmic axis, and what lies below 1e-5 counts as equal. The other numbers compare group normalisation's two ends with layer and instance normalisation, and check Y's mean and variance.",
        "ko": "정규화마다 손으로 계산해 PyTorch와 견주고, 가장 큰 차이를 로그 축에 그립니다. 1e-5보다 작으면 같다고 봅니다. 나머지 수는 그룹 정규화의 양 끝을 계층·인스턴스 정규화와 견주고 Y의 평균과 분산을 확인합니다.",
    },
    "E7": {
        "en": "Test error over the batch size for batch normalisation, group normalisation and none. Read the gap at batch size 2, where batch normalisation has two numbers to estimate a mean and a variance from, and then who is ahead at 32. In a small CNN the gap doesn't show, for there every position adds to the statistics.",
        "ko": "배치 정규화, 그룹 정규화, 정규화 없음의 시험 오차를 배치 크기에 따라 그립니다. 배치 정규화가 숫자 두 개로 평균과 분산을 어림하는 크기 2에서의 차이를 보고, 32에서는 누가 앞서는지 보세요. 작은 CNN에서는 모든 위치가 통계에 보태지므로 이 차이가 나타나지 않습니다.",
    },
    "E8": {
        "en": "Training accuracy over the steps for equal weights, random weights, a single unit, and equal weights with random biases. The network of equal weights stays flat because its units remain copies of each other: the difference between rows beside the figure is that of rounding, and the output weights have rank 1.",
        "ko": "같은 가중치, 무작위 가중치, 유닛 하나, 가중치는 같고 편향 값만 무작위인 망의 훈련 정확도입니다. 가중치가 같은 망이 제자리인 것은 유닛들이 서로의 복사본으로 남기 때문입니다. 옆에 적힌 행 사이의 차이는 반올림 정도이고 출력 가중치의 랭크는 1입니다.",
    },
    "E9": {
        "en": "The size of the gradient in each of ten layers, on a logarithmic axis. A flat line keeps its scale; one that falls towards layer 1 vanishes, one that rises towards it explodes. Compare with the share of saturated units: saturation alone doesn't tell which of the two happens.",
        "ko": "10개 층 각각의 기울기 크기를 로그 축에 그립니다. 평평하면 크기가 지켜지고, 1층 쪽으로 내려가면 소실, 올라가면 폭주입니다. 양 끝에 치우친 유닛의 비율과 견주어 보세요. 치우침만으로는 둘 가운데 무엇이 일어나는지 알 수 없습니다.",
    },
    "E10": {
        "en": "The mean square of the activations by layer, on a logarithmic axis: Kaiming stays near one level, Xavier halves in every layer. The dead fraction beside it is counted on the same draw for both, and the difference is what the criterion asks for.",
        "ko": "층마다 활성값의 제곱 평균을 로그 축에 그립니다. 카이밍은 한 높이를 지키고 제이비어는 층마다 반으로 줍니다. 옆의 죽은 비율은 같은 뽑기에서 센 것이고, 기준이 보는 것은 그 차이입니다.",
    },
    "E11": {
        "en": "The share of dead units in each hidden layer as training goes on, at a large and at a small learning rate. Read how early the curve of the large rate jumps, and that it hardly comes down again; the accuracy of the leaky ReLU network says whether the rate alone is to blame.",
        "ko": "훈련하는 동안 은닉층마다 죽은 뉴런의 비율을 큰 학습률과 작은 학습률에서 그립니다. 큰 학습률의 곡선이 얼마나 일찍 뛰어오르는지, 다시 내려오는지 보세요. leaky ReLU 망의 정확도는 학습률만의 탓인지 알려 줍니다.",
    },
    "E12": {
        "en": "Training loss over the steps for both initialisations at depths 22 and 30. A curve that lies flat at ln 10 ≈ 2.303 has learned nothing, for that is the loss of guessing among ten classes.",
        "ko": "두 초기화의 깊이 22와 30에서의 훈련 손실입니다. ln 10 ≈ 2.303에 평평하게 머문 곡선은 아무것도 배우지 못한 것입니다. 열 가지를 찍을 때의 손실이 그 값이기 때문입니다.",
    },
    "E13": {
        "en": "The logarithm of the gradient's size while it goes back in time. A line at 0 keeps its size: that is the linear orthogonal network. The lines of Gaussian draws wander off; with tanh in between, orthogonal and Gaussian can't be told apart, and the numbers say so.",
        "ko": "시간을 거슬러 가는 동안 기울기 크기의 로그입니다. 0에 머문 선은 크기를 지키며, 선형 직교 망이 그렇습니다. 정규분포에서 뽑은 선들은 벗어납니다. 사이에 tanh가 들어가면 직교와 정규분포를 가릴 수 없고, 수치도 그렇게 나옵니다.",
    },
    "E14": {
        "en": "Along λ, the number of weights that are not zero, and, on the right axis, which is logarithmic, the test error. See how few weights are left at the right, and whether the test error is smallest inside the range, between overfitting and underfitting, or at an end. The counts beside it compare exact zeros of the three methods at λ = 0.1.",
        "ko": "λ에 따라 0이 아닌 가중치의 수와, 오른쪽 로그 축에 시험 오차를 그립니다. 오른쪽으로 갈수록 가중치가 얼마나 적게 남는지, 시험 오차가 과대적합과 과소적합 사이인 범위 안에서 가장 작은지 끝에서 가장 작은지 보세요. 옆의 수는 λ = 0.1에서 세 방법의 정확한 0을 견줍니다.",
    },
    "E15": {
        "en": "Steps with L1 and with L2 are timed in turn, block by block, and the ratio of their times is drawn. What counts is the interval of the ratio: if it lies within 10 % of 1 on either side, the two cost the same in practice.",
        "ko": "L1 스텝과 L2 스텝의 시간을 블록마다 번갈아 재고 그 비를 그립니다. 중요한 것은 비의 구간입니다. 1의 양쪽 10 % 안에 들어 있으면 실제로 비용이 같습니다.",
    },
    "E16": {
        "en": "The polynomial of degree 9 again, now with an L2 penalty: variance and bias² along λ and, on the right axis, the norm of the weights, all axes logarithmic. See whether variance falls all the way and where bias² begins to rise; where their sum is smallest, λ is best.",
        "ko": "차수 9의 다항식에 이번에는 L2 규제를 더합니다. λ에 따른 분산과 편향²을, 오른쪽 축에는 가중치의 노름을 그립니다. 축은 모두 로그입니다. 분산이 내내 줄어드는지, 편향²이 어디서부터 커지는지 보세요. 둘의 합이 가장 작은 곳이 가장 좋은 λ입니다.",
    },
    "E17": {
        "en": "Training accuracy over the epochs, once with the true labels and once with random ones. Where both curves reach 1, only the test accuracy tells learning from memorising; random labels also take more epochs.",
        "ko": "참 레이블과 무작위 레이블의 훈련 정확도를 에폭에 따라 그립니다. 두 곡선이 모두 1에 이르면 학습과 암기를 가르는 것은 시험 정확도뿐입니다. 무작위 레이블은 에폭도 더 듭니다.",
    },
    "E18": {
        "en": "The numbers compare a network with a copy whose weights are ten times as large: the same output, a tenth of the gradient. The figure shows what weight decay gains along λ with and without batch normalisation, λ being chosen on validation data.",
        "ko": "수치는 한 망을 가중치가 열 배인 복사본과 견줍니다. 출력은 같고 기울기는 십분의 일입니다. 그림은 배치 정규화가 있을 때와 없을 때 가중치 감쇠의 이득을 λ에 따라 보여 주며, λ는 검증 데이터로 고릅니다.",
    },
    "E19": {
        "en": "Each line is a width and a share of wrong labels; its height is the test accuracy that L2 gains, with λ chosen on validation data. A line that falls from 100 to 1000 examples says that L2 helps more where data are few.",
        "ko": "선 하나가 너비와 틀린 레이블 비율의 한 조합이고, 높이는 λ를 검증 데이터로 골랐을 때 L2가 올린 시험 정확도입니다. 100개에서 1000개로 갈 때 내려가는 선은 데이터가 적을수록 L2가 더 돕는다는 뜻입니다.",
    },
    "E20": {
        "en": "Test accuracy over the scale σ of the initial weights, with and without batch normalisation. Count the points at 0.85 or above on each line: without it the network learns from few scales only. More training data play no part in this figure.",
        "ko": "초기 가중치의 크기 σ에 따른 시험 정확도를 배치 정규화가 있을 때와 없을 때 그립니다. 선마다 0.85 이상인 점을 세어 보세요. 없으면 몇몇 크기에서만 배웁니다. 이 그림에서 학습 데이터의 수는 달라지지 않습니다.",
    },
}
