"""Numbers in prose, read back from each language's format."""

from __future__ import annotations

import re
from decimal import Decimal

_DIGITS = {
    "en": r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)*",
    "fr": r"\d+(?:\.\d+)+|(?:\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?!\d)|\d+)(?:,\d+)?",
}
_DIGITS["ja"] = _DIGITS["en"]
_SCALES = {
    "en": {"thousand": 3, "million": 6, "billion": 9},
    "fr": {"mille": 3, "million": 6, "milliard": 9},
    "ja": {"万": 4, "億": 8, "兆": 12},
}
_NUMBER = {
    code: re.compile(rf"({_DIGITS[code]})(?:[\s\u00a0\u202f]?({'|'.join(scales)}))?")
    for code, scales in _SCALES.items()
}

# Words that may stand where another language writes digits; English also has 1 in every "a".
_EN = """two 2 twice 2 both 2 pair 2 double 2 doubles 2 second 2 half 2 halves 2 other 2 three 3
third 3 thirds 3 four 4 fourth 4 quarter 4 five 5 fifth 5 six 6 sixth 6 seven 7 seventh 7 eight 8
eighth 8 nine 9 ninth 9 ten 10 tenth 10 eleven 11 twelve 12 thirteen 13 fourteen 14 fifteen 15
sixteen 16 twenty 20 thirty 30 forty 40 fifty 50 sixty 60 hundred 100 thousand 1000 zero 0
million 1000000 billion 1000000000 January 1 February 2 March 3 April 4 May 5 June 6 July 7
August 8 September 9 October 10 November 11 December 12"""
_FR = """un 1 une 1 premier 1 première 1 deux 2 double 2 second 2 seconde 2 moitié 2 trois 3
quatre 4 quart 4 cinq 5 six 6 sept 7 huit 8 neuf 9 dix 10 onze 11 douze 12 treize 13 quatorze 14
quinze 15 seize 16 vingt 20 trente 30 quarante 40 cinquante 50 soixante 60 cent 100 mille 1000
zéro 0 zéros 0 million 1000000 milliard 1000000000"""
_JA = """一 1 ひと 1 二 2 ふた 2 両 2 半 2 倍 2 三 3 四 4 五 5 六 6 七 7 八 8 九 9 十 10 百 100
千 1000 ゼロ 0 零 0"""


def _pairs(text: str) -> dict[str, str]:
    words = text.split()
    return dict(zip(words[::2], words[1::2], strict=True))


_WORDS = {"en": _pairs(_EN), "fr": _pairs(_FR), "ja": _pairs(_JA)}


def in_digits(text: str, language: str) -> list[str]:
    """Read the numbers written in digits, without their format.

    Args:
        text: Prose.
        language: Its language.

    Returns:
        Plain numbers, in order; those of versions as they stand.

    Example:
        >>> in_digits("1 234,5 et 61 millions", "fr"), in_digits("1,234.5 と 6,100 万", "ja")
        (['1234.5', '61000000'], ['1234.5', '61000000'])
    """
    found: list[str] = []
    higher: Decimal | None = None  # 1 億 3,800 万 is one number: its higher part
    end = 0
    for match in _NUMBER[language].finditer(text):
        plain = _plain(match[1], language)
        scale = match[2]
        if plain.count(".") > 1:
            found.append(plain)
            continue
        value = Decimal(plain).scaleb(_SCALES[language][scale] if scale else 0)
        if language == "ja" and scale and higher and not text[end : match.start()].strip():
            value += higher
            found.pop()
        found.append(f"{value.normalize():f}")
        higher, end = value if scale else None, match.end()
    return found


def in_words(text: str, language: str) -> set[str]:
    """Read the numbers that words may stand for, generously.

    Args:
        text: Prose.
        language: Its language.

    Returns:
        Plain numbers.

    Example:
        >>> sorted(in_words("Both halves of three", "en"))
        ['1', '2', '3']
    """
    words = _WORDS[language]
    if language == "ja":
        return {number for word, number in words.items() if word in text}
    tokens = re.findall(r"\w+", text)
    found = {words[form] for token in tokens for form in (token, token.lower()) if form in words}
    return found | {"1"} if language == "en" else found


def _plain(digits: str, language: str) -> str:
    if language != "fr":
        return digits.replace(",", "")
    return re.sub(r"[ \u00a0\u202f]", "", digits).replace(",", ".")
