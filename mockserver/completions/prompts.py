"""What a prompt says about its answer: the language, words to take up, the length, and whether to count or to list."""

import re

from msgspec import Struct

# Of a long prompt the beginning and the end are read, this many characters of each.
_READ = 2_000
MOST_TOPICS = 12
MOST_TOKENS = 6_000
MOST_ITEMS = 1_000

_HAN, _KANA, _HANGUL, _CYRILLIC = r"[\u4e00-\u9fff]", r"[\u3041-\u30fa]", r"[\uac00-\ud7a3]", r"[\u0400-\u04ff]"
_LATIN = r"[A-Za-z\u00c0-\u024f]"
_SCRIPTS = {name: re.compile(script) for name, script in (
    ("zh", _HAN), ("ja", _KANA), ("ko", _HANGUL), ("ru", _CYRILLIC), ("latin", _LATIN),
)}  # fmt: skip
_WORD = re.compile(rf"{_LATIN}+|{_CYRILLIC}+")

# Words that tell a language, and name no topic.
_COMMON = {
    "en": "a an and are as at be can do for from how i in is it me my of on or please that the this to was what when where "
    "which who why with you your about tell write give make some long short essay story words list count hello explain",
    "es": "un una unos y es en el los las por para con que qué como cómo cuál del sobre hola escribe dime cuento ensayo "
    "palabras favor me mi tu lista cuenta está explica",
    "fr": "un une et est en le les des du pour avec que qui quoi comment quel quelle sur dans bonjour écris raconte moi "
    "histoire texte mots je vous il elle pourquoi liste compte explique",
    "de": "ein eine einen und ist im der die das den dem für mit was wie warum wer über auf von zu hallo schreibe schreib "
    "erzähle mir bitte geschichte aufsatz wörter ich du sie zähle liste erkläre",
    "ru": "и в на не что как это с по для о об про мне я ты вы напиши расскажи пожалуйста рассказ слов текст список",
}
_WORDS_OF = {language: frozenset(words.split()) for language, words in _COMMON.items()}

_HAN_TOPIC = re.compile(
    "[^\\W\\d_a-zA-Z的了和是在我你他她它们请写一个篇些关于吗呢吧把被给与及或用有什么怎样如何为这那不要字以至少约章短文故事介绍讲下列出百千]{2,}"
)
_JAPANESE_TOPIC = re.compile(rf"{_HAN}{{2,4}}|[\u30a1-\u30fc]{{2,12}}")
_KOREAN_TOPIC = re.compile(
    r"([\uac00-\ud7a3]{2,8}?)(?:은|는|이|가|을|를|에|의|로|으로|에서|에게|와|과|도)?(?![\uac00-\ud7a3])"
)
_KOREAN_VERB = re.compile("(?:세요|니다|까|줘|해|요|대해|대한|대하여)$")

# A unit of length -> tokens in it.
_UNITS = (
    (r"words?\b|palabras\b|mots\b|w(?:ö|oe)rtern?\b|worten?\b|слов|단어|単語", 1.4),
    ("字|文字|자", 0.75),
    (r"tokens?\b", 1.0),
    (r"sentences?\b|frases\b|sätzen?\b|предложени|문장|句话", 14.0),
    (r"paragraphs?\b|párrafos\b|paragraphes\b|absätzen?\b|段", 70.0),
)
_ASKED = [
    (re.compile(rf"(\d{{1,3}}(?:,\d{{3}})+|\d{{1,7}})[\s-]*(?:{unit})", re.IGNORECASE), size) for unit, size in _UNITS
]
_HAN_NUMBER = re.compile("([一二两三四五六七八九])([百千万])字")
_LONG = re.compile(
    r"\bessay|\bstory|\bstories|\barticle|\bnovel|\breport|in detail|\blong\b|短文|作文|文章|故事|小说|散文|详细|論文|物語|小説|作文"
    r"|이야기|소설|에세이|ensayo|cuento|historia|artículo|\brédaction|\bhistoire|\bgeschichte|\baufsatz|рассказ|сочинение|статью|подробно",
    re.IGNORECASE,
)
_SHORT = re.compile(
    r"\bone (?:word|sentence)\b|\bbriefly\b|\bin short\b|一句话|简短|一言|한 문장|brevemente|brièvement|\bkurz\b|кратко",
    re.IGNORECASE,
)

_COUNTS = re.compile(
    r"\bcount\b|数到|数数|数一数|数え|세어|\bcuenta\b|\bcompte[rz]?\b|\bzähle|посчитай|сосчитай", re.IGNORECASE
)
_LISTS = re.compile(
    r"\blist\b|\benumerate\b|列出|列举|清单|リスト|목록|\blista\b|\bliste\b|\bliste[rz]\b|\bauflisten\b|перечисли|список",
    re.IGNORECASE,
)
_RANGE = re.compile(r"(?<!\d)(\d{1,4})\D{1,12}?(\d{1,4})(?!\d)")
_NUMBER = re.compile(r"(?<!\d)\d{1,4}(?!\d)")


class Reading(Struct, frozen=True, gc=False):
    """What was read. `length` is the least and the most tokens; `numbers` is what to count, `items` how many to list."""

    language: str
    topics: tuple[str, ...]
    length: tuple[int, int]
    numbers: range = range(0)
    items: int = 0


def excerpt(prompt: str) -> str:
    """What is read of a prompt: all of a short one, beginning and end of a long one."""
    return prompt if len(prompt) <= 2 * _READ else f"{prompt[:_READ]}\n{prompt[-_READ:]}"


def read(prompt: str) -> Reading:
    """Reads a prompt, in a time that does not depend on its length."""
    text = excerpt(prompt)
    language = language_of(text)
    return Reading(language, topics_of(text, language), _length(text), _numbers(text), _items(text))


def language_of(text: str) -> str:
    """The code of the language: by its script, in Latin script by its common words, else English."""
    counts = {name: len(script.findall(text)) for name, script in _SCRIPTS.items()}
    latin = counts["latin"]
    # A sign of these scripts says as much as some Latin letters, and technical terms are often Latin.
    if 3 * (counts["zh"] + counts["ja"]) > latin and counts["zh"] + counts["ja"] > counts["ko"]:
        return "ja" if counts["ja"] * 5 > counts["zh"] else "zh"
    if 2 * counts["ko"] > latin:
        return "ko"
    if counts["ru"] > latin:
        return "ru"
    words = _WORD.findall(text.lower())
    return max(("en", "es", "fr", "de"), key=lambda language: sum(word in _WORDS_OF[language] for word in words))


def topics_of(text: str, language: str) -> tuple[str, ...]:
    """Words of the text worth taking up, each once, in their order."""
    finder = _TOPICS.get(language, _spaced_topics)
    return tuple(dict.fromkeys(finder(text, language)))[:MOST_TOPICS]


def _spaced_topics(text: str, language: str) -> list[str]:
    common = _WORDS_OF[language]
    return [word for word in _WORD.findall(text) if 4 <= len(word) <= 24 and word.lower() not in common]


def _han_topics(text: str, _: str) -> list[str]:
    chunks = _HAN_TOPIC.findall(text)
    return [
        part
        for chunk in chunks
        for part in ([chunk] if len(chunk) <= 4 else map("".join, zip(chunk[::2], chunk[1::2], strict=False)))
    ]


def _japanese_topics(text: str, _: str) -> list[str]:
    return _JAPANESE_TOPIC.findall(text)


def _korean_topics(text: str, _: str) -> list[str]:
    return [word for word in _KOREAN_TOPIC.findall(text) if not _KOREAN_VERB.search(word)]


_TOPICS = {"zh": _han_topics, "ja": _japanese_topics, "ko": _korean_topics}


def _length(text: str) -> tuple[int, int]:
    for pattern, size in _ASKED:
        if found := pattern.search(text):
            return _about(int(found[1].replace(",", "")) * size)
    if found := _HAN_NUMBER.search(text):
        digit = "一二三四五六七八九".index(found[1].replace("两", "二")) + 1
        return _about(digit * {"百": 100, "千": 1_000, "万": 10_000}[found[2]] * 0.75)
    if _SHORT.search(text):
        return 8, 24
    return (400, 1_200) if _LONG.search(text) else (30, 200)


def _about(tokens: float) -> tuple[int, int]:
    bounded = max(1, min(MOST_TOKENS, round(tokens)))
    return bounded, bounded


def _numbers(text: str) -> range:
    if not _COUNTS.search(text):
        return range(0)
    if found := _RANGE.search(text):
        first, last = int(found[1]), int(found[2])
        if first <= last:
            return range(first, min(last, first + MOST_ITEMS - 1) + 1)
    single = _NUMBER.search(text)
    return range(1, min(int(single[0]) if single else 10, MOST_ITEMS) + 1)


def _items(text: str) -> int:
    if not _LISTS.search(text):
        return 0
    found = _NUMBER.search(text)
    return max(1, min(int(found[0]), MOST_ITEMS)) if found else 5
