from collections import defaultdict

Words = dict[str, str]
PREDICT: dict[str, Words] = defaultdict(lambda: {"en": "?", "ko": "?"})
STORY: dict[str, Words] = defaultdict(lambda: {"en": "?", "ko": "?"})
