# ruff: noqa: RUF001, E501 - the languages of the corpus are written in their own letters, and its words in long lines
"""Generates faithful answers to test the reference-free checks on: varied, and the same for the same seed.

Prose in five languages, code in five, tables, JSON, addresses, base64, emoji, lists, formulas; each cut into pieces in one of
five manners, as different servers do. None of it was written by a person or a model.
"""

import base64
import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass

EN = {
    "who": "the engineer|a small committee|every reader|the old harbour|her brother|the second team|our neighbour|the library|"
    "a patient teacher|the whole village|the court|an honest merchant|the younger sister|most of the students|the survey",
    "did": "explained|could not find|carefully described|had already finished|quickly rebuilt|seldom mentioned|wanted to keep|"
    "remembered|compared|measured again|was looking for|brought home|would never sell|understood|sent back",
    "what": "the missing letters|a second version of the plan|the narrow bridge|an answer to the question|several broken clocks|"
    "the history of the valley|two kinds of glass|the cost of the repair|a list of names|the therapist's notes|the island theme|"
    "something worth keeping|the weather of that winter|a rather strange theory|the underlying numbers|forty-two apples",
    "how": "before the rain began|because nobody else would|without any help from the others|in the middle of the night|"
    "although it took three weeks|as far as we can tell|with great care|during the first year|when the train had left|"
    "over and above the usual work|somewhere near the river|within a few days|for reasons of its own|therefore",
    "join": "However, |In the end, |For example, |At first, |Nevertheless, |On the other hand, ||||",
}
DE = {
    "who": "die Ingenieurin|ein kleiner Ausschuss|jeder Leser|der alte Hafen|ihr Bruder|die zweite Mannschaft|die Bücherei|das Dorf",
    "did": "erklärte|suchte vergeblich|beschrieb ausführlich|verkaufte schließlich|vergaß|reparierte|verglich|fand überraschend",
    "what": "die fehlenden Briefe|eine zweite Fassung des Plans|die schmale Brücke|den Größenunterschied|mehrere Uhren|das Äußerste|"
    "die Geschichte des Tals|„Spaß“ und Ernst|die Überschussrechnung|einen Straßenbahnfahrplan|die Donaudampfschifffahrt",
    "how": "bevor der Regen kam|weil es sonst niemand tat|mitten in der Nacht|ohne Hilfe|im ersten Jahr|für alle Fälle|allerdings spät",
    "join": "Allerdings |Schließlich |Zum Beispiel ||||",
}
ZH = "今天天气很好|我们去公园散步|这座桥建于十九世纪|图书馆里有许多旧书|他没有回答这个问题|数据显示价格略有上升|首先打开设置页面|然后点击确认按钮|需要注意的是时间有限|这种方法更加可靠"
JA = "今日はとても良い天気です|図書館で本を読みました|この橋は百年前に作られました|コンピューターの設定を確認してください|次に画面を閉じます|価格は少し上がりました|東京から大阪まで三時間かかります|詳しくは説明書をご覧ください"
AR = "ذهب المهندس إلى المكتبة القديمة|الطقس جميل هذا اليوم|هذه الطريقة أكثر دقة|يمكنك فتح صفحة الإعدادات|لم يجب أحد عن السؤال|ارتفعت الأسعار قليلا|كان الجسر ضيقا جدا|نشكركم على صبركم"
EMOJI = "😀|🚀|👩‍👩‍👧‍👦|🇩🇪|❤️|✅|🏳️‍🌈|👍🏽|🎉|𝒳"
CODE = {
    "python": 'def {a}({b}: int) -> list[str]:\n    """Return the {a}."""\n    return [f"{{x}}-{{{b}}}" for x in range({b})]\n',
    "javascript": "export function {a}({b}) {{\n  const out = {b}.map((x) => x.{a} ?? null);\n  return out.filter(Boolean);\n}}\n",
    "go": "func {a}({b} []string) (int, error) {{\n\tfor i, s := range {b} {{\n\t\tfmt.Println(i, s)\n\t}}\n\treturn len({b}), nil\n}}\n",
    "rust": "pub fn {a}({b}: &[u8]) -> Option<usize> {{\n    {b}.iter().position(|&c| c == b'\\n')\n}}\n",
    "sql": "SELECT {a}.id, COUNT(*) AS n\nFROM {a}\nJOIN {b} ON {b}.{a}_id = {a}.id\nWHERE {a}.created > '2024-01-01'\nGROUP BY {a}.id;\n",
}
NAMES = (
    "orders",
    "users_by_day",
    "setTimeout",
    "inputStream",
    "isEmpty",
    "forEach",
    "hyperparameter",
    "dataset",
    "namespace",
    "codebase",
    "lightweight",
    "timestamp",
)


@dataclass(frozen=True)
class Case:
    """One faithful answer: the request, the text, and its pieces."""

    kind: str
    asked: str
    text: str
    pieces: tuple[str, ...]


def _pick(chance: random.Random, words: str) -> str:
    return chance.choice(words.split("|"))


def prose(chance: random.Random, words: dict[str, str], sentences: int) -> str:
    """Sentences of one language, in paragraphs."""
    said = []
    for position in range(sentences):
        join = _pick(chance, words["join"])
        parts = [
            _pick(chance, words["who"]),
            _pick(chance, words["did"]),
            _pick(chance, words["what"]),
            _pick(chance, words["how"]),
        ]
        if chance.random() < 0.3:
            parts.insert(3, "and " + _pick(chance, words["what"]) if words is EN else "und " + _pick(chance, words["what"]))
        sentence = join + " ".join(parts)
        said.append(
            sentence[0].upper() + sentence[1:] + chance.choice([".", ".", ".", "!", "?", "; so it was.", " (see above)."])
        )
        said.append("\n\n" if position % 5 == 4 else " ")
    return "".join(said).strip()


def _english(chance: random.Random) -> tuple[str, str]:
    return "Tell me what happened in the valley.", prose(chance, EN, chance.randint(2, 30))


def _german(chance: random.Random) -> tuple[str, str]:
    return "Was ist im Tal geschehen?", prose(chance, DE, chance.randint(2, 20))


def _chinese(chance: random.Random) -> tuple[str, str]:
    return "请告诉我发生了什么。", "".join(
        _pick(chance, ZH) + chance.choice("，。；") for _ in range(chance.randint(3, 40))
    ) + "API 很好。"


def _japanese(chance: random.Random) -> tuple[str, str]:
    return chance.choice(["何がありましたか。", "東京都人口"]), "。".join(
        _pick(chance, JA) for _ in range(chance.randint(3, 30))
    ) + "。"


def _arabic(chance: random.Random) -> tuple[str, str]:
    return "ماذا حدث في الوادي؟", "، ".join(_pick(chance, AR) for _ in range(chance.randint(3, 30))) + "."


def _code(chance: random.Random) -> tuple[str, str]:
    name = chance.choice(list(CODE))
    body = "\n".join(CODE[name].format(a=chance.choice(NAMES), b=chance.choice(NAMES)) for _ in range(chance.randint(1, 8)))
    return f"Write it in {name}.", f"{prose(chance, EN, 2)}\n\n```{name}\n{body}```\n\nCall `{chance.choice(NAMES)}` first."


def _table(chance: random.Random) -> tuple[str, str]:
    rows = [
        f"| {_pick(chance, EN['what'])} | {chance.randint(0, 999)} | {chance.random():.2f} |"
        for _ in range(chance.randint(2, 30))
    ]
    return "Make a table of it.", "| item | count | share |\n|---|---:|---:|\n" + "\n".join(rows) + "\n\n" + prose(chance, EN, 2)


def _json(chance: random.Random) -> tuple[str, str]:
    value = {chance.choice(NAMES): [chance.randint(0, 9), None, True, {"a": _pick(chance, EN["what"])}] for _ in range(4)}
    return "Answer in JSON.", json.dumps(value, indent=chance.choice([None, 2]))


def _addresses(chance: random.Random) -> tuple[str, str]:
    found = [
        f"https://{chance.choice(NAMES).lower()}.example.com/{chance.choice(NAMES)}?{chance.choice(NAMES)}={chance.randint(1, 10**9)}#top"
        for _ in range(chance.randint(1, 9))
    ]
    return "Where can I read about it?", "\n".join(
        f"- {prose(chance, EN, 1)} See {url}, or mail info@example.org." for url in found
    )


def _base64(chance: random.Random) -> tuple[str, str]:
    data = base64.b64encode(chance.randbytes(chance.randint(40, 900))).decode()
    return (
        "Give me the key as base64.",
        f"Here it is: {data}\n\n{prose(chance, EN, 1)} The same in hex: {chance.randbytes(40).hex()}.",
    )


def _emoji(chance: random.Random) -> tuple[str, str]:
    return "Be merry.", " ".join(
        prose(chance, EN, 1) + " " + _pick(chance, EMOJI) + _pick(chance, EMOJI) for _ in range(chance.randint(1, 12))
    )


def _list(chance: random.Random) -> tuple[str, str]:
    marks = chance.choice([["- "], ["* "], [f"{n}. " for n in range(1, 30)]])
    lines = [
        f"{marks[n % len(marks)]}**{_pick(chance, EN['what'])}**: {_pick(chance, EN['how'])}"
        for n in range(chance.randint(2, 25))
    ]
    return "List them.", "\n".join(lines)


def _formula(chance: random.Random) -> tuple[str, str]:
    line = r"The mean is $\mu = \frac{1}{n}\sum_{i=1}^{n} x_i$, with α ≤ 0.05, σ² = 3·10⁻⁴ and ∇f → 0 (see Schrödinger, Gödel & Åström)."
    return "Explain the mean.", "\n\n".join(f"{line} {prose(chance, EN, 2)}" for _ in range(chance.randint(1, 6)))


def _names(chance: random.Random) -> tuple[str, str]:
    line = 'The city of Tokyo (東京) lies in Kantō; Fyodor Dostoevsky («Достоевский») wrote "Преступление и наказание" in 1866.'
    return "Who wrote it, and where is that city?", "\n".join(
        f"{prose(chance, EN, 2)} {line}" for _ in range(chance.randint(1, 3))
    )


def _translation(chance: random.Random) -> tuple[str, str]:
    return (
        "Translate it into Chinese, Japanese, Arabic and Russian.",
        f"{_pick(chance, ZH)}\n{_pick(chance, JA)}\n{_pick(chance, AR)}\nПривет, мир",
    )


def _repeated(chance: random.Random) -> tuple[str, str]:
    row = "+------+------+------+\n| " + " | ".join(["    "] * 3) + " |\n"
    return "Draw an empty grid.", row * chance.randint(4, 12) + "\n" + "=" * 300 + "\n" + "0, " * 120 + "\n\n" + prose(
        chance, EN, 2
    )


KINDS: dict[str, Callable[[random.Random], tuple[str, str]]] = {
    "english": _english,
    "german": _german,
    "chinese": _chinese,
    "japanese": _japanese,
    "arabic": _arabic,
    "code": _code,
    "table": _table,
    "json": _json,
    "addresses": _addresses,
    "base64": _base64,
    "emoji": _emoji,
    "list": _list,
    "formula": _formula,
    "names": _names,
    "translation": _translation,
    "grid": _repeated,
}


def by_words(text: str, _chance: random.Random) -> tuple[str, ...]:
    """Each word with the space before it: what servers that send whole words do."""
    return tuple(re.findall(r"\s*\S+|\s+\Z", text))


def by_tokens(text: str, _chance: random.Random) -> tuple[str, ...]:
    """Something like a tokenizer: words with their space, long or rare ones in two or three parts, marks by themselves."""
    made: list[str] = []
    for part in re.findall(r" ?[^\W\d_]+| ?\d{1,3}| ?[^\w\s]+|\s+|_", text):
        word = part.strip()
        if len(word) > 5 and word.isalpha() and hash_of(word) % 3 == 0:
            at = len(part) - len(word) + 3 + hash_of(word) % (len(word) - 4)
            made += [part[:at], part[at:]]
        else:
            made.append(part)
    return tuple(made)


def hash_of(word: str) -> int:
    """The same word is cut at the same place, as a tokenizer does."""
    return sum(ord(letter) * (position + 7) for position, letter in enumerate(word))


def by_chance(text: str, chance: random.Random) -> tuple[str, ...]:
    """Anywhere, in the middle of a surrogate pair too: what a server does that flushes by time."""
    units = text.encode("utf-16-le")
    made, at = [], 0
    while at < len(units):
        size = 2 * chance.randint(1, 9)
        made.append(units[at : at + size].decode("utf-16-le", "surrogatepass"))
        at += size
    return tuple(made)


def by_groups(text: str, chance: random.Random) -> tuple[str, ...]:
    """Several tokens in one piece."""
    tokens, made = by_tokens(text, chance), []
    while tokens:
        size = chance.randint(4, 16)
        made.append("".join(tokens[:size]))
        tokens = tokens[size:]
    return tuple(made)


def by_lines(text: str, _chance: random.Random) -> tuple[str, ...]:
    """Line by line."""
    return tuple(text.splitlines(keepends=True))


MANNERS = (by_words, by_tokens, by_chance, by_groups, by_lines)


def cases(count: int, seed: int) -> list[Case]:
    """`count` answers, each kind and each manner in turn."""
    chance = random.Random(seed)
    made = []
    for number in range(count):
        kind = list(KINDS)[number % len(KINDS)]
        asked, text = KINDS[kind](chance)
        cut = MANNERS[(number // len(KINDS)) % len(MANNERS)]
        made.append(Case(kind=kind, asked=asked, text=text, pieces=cut(text, chance)))
    return made
