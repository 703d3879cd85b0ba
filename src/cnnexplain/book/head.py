"""What a page tells search engines, and whoever links to it, of itself: its description."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from unicodedata import east_asian_width

from cnnexplain.errors import BookError

COLUMNS = 160
"""How much of a description is shown; a Japanese character is as wide as two Latin ones."""

_ANSWER = 'id="short-answer"'
_PARAGRAPH = re.compile(r"<p>(.*?)</p>", re.DOTALL)
_SENTENCE = re.compile(r".*?(?:[.!?…][”»\")]*(?= )|[。！？]|$)")
# A cut that leaves less than this part of the width is no good.
_ENOUGH = 0.6


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def description(html: str, columns: int = COLUMNS) -> str:
    """Return what a page says first, in plain text: its short answer, else its first paragraph.

    Args:
        html: The page's content.
        columns: How wide the text may be.

    Raises:
        BookError: If the page has no paragraph.

    Example:
        >>> description("<h1>A</h1><p>It is <b>6</b> &lt; 7.</p>")
        'It is 6 < 7.'
    """
    start = max(html.find(_ANSWER), 0)
    paragraph = _PARAGRAPH.search(html, start) or _PARAGRAPH.search(html)
    if paragraph is None:
        raise BookError(
            "a paragraph, for search engines to show",
            "a page without one",
            "write one below its title",
        )
    reader = _Text()
    reader.feed(paragraph[1])
    reader.close()
    return shortened(" ".join("".join(reader.parts).split()), columns)


def shortened(text: str, columns: int = COLUMNS) -> str:
    """Cut a text to a width: after a sentence if that leaves most of it, else after a word.

    Args:
        text: One line of text.
        columns: How wide it may be.

    Example:
        >>> shortened("One comes out. Another does not, and nobody knows why.", 22)
        'One comes out.'
        >>> shortened("Another one does not, and nobody knows why.", 22)
        'Another one does not…'
    """
    if width(text) <= columns:
        return text
    whole = ""
    for sentence in _SENTENCE.findall(text):
        if width(whole + sentence) > columns:
            break
        whole += sentence
    if width(whole) >= _ENOUGH * columns:
        return whole.strip()
    fits = 0
    while width(text[: fits + 1]) < columns:  # the ellipsis needs a column
        fits += 1
    # Japanese has spaces beside numbers, where nothing ends; and any two characters may be parted.
    ends = (max(text.rfind(mark, 0, fits + 1) for mark in marks) for marks in ("、。", " "))
    cut = next((end for end in ends if end >= _ENOUGH * fits), fits)
    return text[:cut].rstrip(" ,;:、。\u202f\xa0") + "…"


def width(text: str) -> int:
    """Return how many columns a text takes.

    Args:
        text: The text.

    Example:
        >>> width("CNN の層")
        8
    """
    return sum(2 if east_asian_width(each) in "WF" else 1 for each in text)
