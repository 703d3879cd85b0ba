"""How the lines of a page are set: where they must not break, and how wide Japanese is in columns.

A browser breaks a line at any space and behind any hyphen. Readers stumble over “VGG-” at the end
of a line and “16” at the start of the next, over a number without its unit, and over a formula
without its comma.
"""

from __future__ import annotations

import re

# Tags, and what is no prose: code keeps what it has, and drawings, which may lie in one another.
_MARKUP = re.compile(
    r"(<(?P<name>head|script|style|pre|textarea|select|math)\b.*?</(?P=name)>"
    r"|<!--.*?-->|</?[a-zA-Z](?:\"[^\"]*\"|'[^']*'|[^'\">])*>)",
    re.DOTALL,
)
_FORMULA = '<math display="inline">'
# What stands right before and after a formula belongs to it, though browsers break lines there.
_BEFORE = re.compile(r"(?:[(（「]|«\u202f)?$")
_AFTER = re.compile(r"(?:[\u00a0\u202f][^\s<]{1,20}|[)）」、。：！？,.;:!?]+)?")
# Between a number and what it counts.
_COUNTED = {
    "en": re.compile(
        r"(?<=\d) (?=(?:pixels?|px|m?s|min|[kMGT]i?B|[kMGT]?MACs?|FLOPs|[mb]illion|times)\b)"
    ),
    "ja": re.compile(r"(?<=\d) (?=[\u3041-\u30fa\u4e00-\u9fff]|px\b|m?s\b)"),
    "fr": re.compile(r"(?<=\d) (?=[a-zà-ÿœ])(?!(?:à|au|de|en|et|ou|par|sur) )"),
}
# VGG-16, ViT-B/16, R-Net, Grad-CAM, CC BY-SA; est-il, a-t-elle, celle-ci, dites-le; --language.
_NAME = (
    r"(?:[A-Z][A-Za-z]*-(?:\d+\w*|[A-Z]\w*(?:/\d+)?)(?![\w-])|CC BY-SA(?: \d\.\d)?"
    r"|[A-Za-zÀ-ÿ]+-(?:t-)?(?:ils?|elles?|on|ce|ci|là|le|la|les|à-dire)(?![\w-])|--?[a-z][a-z-]*)"
)
# A word and its number; what is counted in words of which Japanese would break each character.
_NUMBERED = {
    "en": r"(?:arXiv|input|kernel|layer|output|size|(?:batch|padding|stride)(?: of)?) \d[\d×.]*",
    "ja": r"(?:arXiv|マップ|カーネル|入力|出力) \d[\d×.]*",
    "fr": r"(?:à|arXiv|couche|entrée|noyau|sortie|taille|(?:lot|pas|remplissage) de) \d[\d×.]*",
}
_HELD = {
    code: re.compile(rf"(?<![\w-])(?:{_NAME}|{numbered})") for code, numbered in _NUMBERED.items()
}
# Japanese breaks between any two characters, and in headings between no two of a word.
_COUNTERS = re.compile(r"[\d.]+～[\d.]+|\d[ \u00a0](?:か所|番目)|何?分の[ \u00a0]\d+")
_LONG = "スライディング", "ウィンドウ"
_SPAN = r'<span class="cx-held">\g<0></span>'
_DIGITS = re.compile(r"(?<=\b\d) (?=\d\b)")
_SIGN = re.compile(r" (?=→)|(?<=[+−≈=]) (?=\d)")
_DIFFERENCE = re.compile(r"\([^\s()]{1,12} [−+] [^\s()]{1,12}\)")
# In names of arguments, and in calls, which a browser would break anywhere in a narrow column; not
# so that a few letters stand alone.
_CELL = re.compile(r"<(?P<closing>/?)t[dh]\b")
_JOINT = re.compile(r"(?<=\w{3}[_.])(?=\w{3})")
_JAPANESE = re.compile(r"[\u3001-\u30ff\u3400-\u9fff\uff01-\uff60]+")


def set_lines(html: str, language: str) -> str:
    r"""Return a page whose lines break where a reader would break them.

    Args:
        html: The page.
        language: Its language.

    Example:
        >>> set_lines("<p>VGG-16 sees 32 pixels</p>", "en")
        '<p><span class="cx-held">VGG-16</span> sees 32\xa0pixels</p>'
        >>> set_lines('<p>(<math display="inline"></math>)</p>', "en")
        '<p><span class="cx-held">(<math display="inline"></math>)</span></p>'
        >>> set_lines("<td><code>kernel_size</code></td>", "en")
        '<td><code>kernel_<wbr>size</code></td>'
        >>> set_lines("<pre>合計  9</pre>", "ja")
        '<pre><span class="cx-wide">合計</span>  9</pre>'
    """
    parts = _MARKUP.split(html)
    # Each match gives two parts: itself, and the name of its element.
    texts, marks = parts[::3], parts[1::3]
    for index, mark in enumerate(marks):
        if mark.startswith(_FORMULA):
            before, after = _BEFORE.search(texts[index]), _AFTER.match(texts[index + 1])
            assert before
            assert after
            if before[0] or after[0]:
                marks[index] = f'<span class="cx-held">{before[0]}{mark}{after[0]}</span>'
                texts[index] = texts[index][: before.start()]
                texts[index + 1] = texts[index + 1][after.end() :]
        elif mark.startswith("<pre") and language == "ja":
            marks[index] = _JAPANESE.sub(r'<span class="cx-wide">\g<0></span>', mark)
    made = [_held(texts[0], language)]
    cell, drawings = False, 0
    for mark, text in zip(marks, texts[1:], strict=True):
        drawings += mark.startswith("<svg") - mark.startswith("</svg")
        if found := _CELL.match(mark):
            cell = not found["closing"]
        held = text if drawings else _held(text, language)
        # No browser breaks between “、” and “.crops”.
        if mark == "<code>" and text.startswith(".") and made[-1].endswith(("、", "。")):
            made.append("<wbr>")
        made += mark, _JOINT.sub("<wbr>", held) if cell and mark == "<code>" else held
    return "".join(made)


def _held(text: str, language: str) -> str:
    text = _COUNTED[language].sub("\u00a0", text)
    text = _DIFFERENCE.sub(lambda found: found[0].replace(" ", "\u00a0"), text)
    text = _DIGITS.sub("\u00a0", _SIGN.sub("\u00a0", text))
    text = _HELD[language].sub(_SPAN, text)
    return (
        _COUNTERS.sub(_SPAN, text).replace("".join(_LONG), "<wbr>".join(_LONG))
        if language == "ja"
        else text
    )
