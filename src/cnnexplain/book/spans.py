"""Markdown cut into spans: what a reader reads, and what the build must leave alone.

Requirements that shaped this module: one pass, linear in the size of the text (every search for
a closing mark is bounded by the paragraph, or its failure is remembered), and the spans joined
give the text back. Indented code blocks are not recognised: code stands in fences.
"""

import re
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import NamedTuple

OBJECT = "\ufffc"  # stands for a span that is seen but not read: code, mathematics, a number


class Kind(StrEnum):
    """What a span of Markdown is."""

    TEXT = "text"
    CODE = "code"
    FENCE = "fence"
    MATH = "math"
    DISPLAY = "display math"
    HTML = "html"
    FOREIGN = "foreign words"
    TARGET = "link target"
    ADDRESS = "address"
    ATTRIBUTES = "attribute list"
    SNIPPET = "snippet"
    MARKUP = "markup"
    FRONT = "front matter"


OBJECTS = frozenset({Kind.CODE, Kind.MATH, Kind.FOREIGN, Kind.ADDRESS})


class Span(NamedTuple):
    """A piece of Markdown of one kind."""

    kind: Kind
    text: str


PLACEHOLDER = re.compile(r"\{\{([^{}\n]*)\}\}")
_ADMONITION = re.compile(
    r'([ \t>]*(?:[-*+] +)?(?:!!!|\?\?\?\+?|===[+!]*)[ \t][^"\n]*)(?:"([^\n]*)("[^"\n]*))?'
)

_FRONT = re.compile(r"---[ \t]*\n(?:.*\n)*?(?:---|\.\.\.)[ \t]*(?:\n|\Z)")
_BLANK = re.compile(r"\n[ \t]*(?=\n|\Z)")
_TICKS = re.compile(r"`+")
# `$5 and $6` is no formula.
INLINE = r"\$(?!\s)(?P<inline>(?:\\.|[^\\$])++)(?<!\s)\$(?![\d$])"
_DOLLARS = re.compile(INLINE, re.DOTALL)
_TAG = re.compile(r"""</?[A-Za-z](?:"[^"<]*"|'[^'<]*'|[^"'<>])*+>""")
_ATTRIBUTES = re.compile(r"\{(?::|[ \t]*(?:[#.][^\s{}.]|[\w-]+=))")
_TOKEN = re.compile(
    r"""
     (?P<fence>^[ \t>]*(?:(?:[-*+]|\d+[.)])[ ]+)?(?P<marks>`{3,}(?=[^`\n]*$)|~{3,}).*$)
    |(?P<snippet>^[ \t]*;*-+8<-+.*$)
    |(?P<rule>^[ \t>]*\|?[ \t]*(?::-+:?|-+:|-{2,})[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$)
    |(?P<admonition>^[ \t>]*(?:[-*+][ ]+)?(?:!!!|\?\?\?\+?|===[+!]*)[ \t].*$)
    |(?P<note>^[ \t]*(?:\[\^[^\]\s]+\]|\*\[[^\]\n]+\]):)
    |(?P<definition>^[ ]{0,3}\[[^\]\n]+\]:.*$)
    |(?P<escape>\\[!-/:-@\[-`{-~])
    |(?P<ticks>`+)
    |(?P<display>\$\$)
    |(?P<dollar>\$)
    |(?P<comment><!--)
    |(?P<foreign><(?P<element>span|em|i|cite|q|p)\ lang=)
    |(?P<raw><(?P<name>code|kbd|samp|pre|script|style|svg|math)\b)
    |(?P<address><[A-Za-z][A-Za-z0-9+.-]*:[^\s<>]*>
        |https?://(?:[\w/~\#%&=+@$-]|[.,:;!?()*'](?=[A-Za-z0-9/_~\#%&=+@$-]))+)
    |(?P<tag></?[A-Za-z])
    |(?P<target>\]\([^()\n]*+(?:\([^()\n]*+\)[^()\n]*+)*+\)|\]\[[^\[\]\n]*\]|\[\^[^\[\]\s]+\])
    |(?P<attributes>(?<!\{)\{(?!\{)(?:[^{}\n]|\{\{[^{}\n]*\}\})*+\}(?!\}))
    |(?P<emoji>(?<![\w:]):[a-z][a-z0-9_+-]+:(?!\w))
    """,
    re.MULTILINE | re.VERBOSE | re.ASCII,
)
_SEEN = frozenset({"code", "kbd", "samp"})


def spans(text: str) -> list[Span]:
    """Cut Markdown into spans; adjacent text is one span.

    Args:
        text: A page of Markdown.

    Returns:
        The spans in order; their texts joined are the page.

    Example:
        >>> [span.text for span in spans("A stride of `2` and $n$.") if span.kind is not Kind.TEXT]
        ['`2`', '$n$']
    """
    result: list[Span] = []
    for span in _Scanner(text).scan():
        if not span.text:
            continue
        if result and span.kind is result[-1].kind is Kind.TEXT:
            result[-1] = Span(Kind.TEXT, result[-1].text + span.text)
        else:
            result.append(span)
    return result


def visible(pieces: list[Span], *, emphasis: bool = False) -> str:
    """Join what a reader reads, line by line as in the source.

    Code, mathematics and placeholders become one `OBJECT` each; markup disappears.

    Args:
        pieces: Spans of a page or of a part of it.
        emphasis: Keep the asterisks of emphasis.

    Returns:
        Text with as many newlines as the spans hold.

    Example:
        >>> visible(spans("**Size** of [a map](windows.md): {{ size }}")).replace(OBJECT, "@")
        'Size of a map: @'
    """
    parts = []
    for span in pieces:
        if span.kind is Kind.TEXT:
            parts.append(_plain(span.text, emphasis=emphasis))
        elif span.kind in OBJECTS:
            parts.append(OBJECT + "\n" * span.text.count("\n"))
        else:
            parts.append("\n" * span.text.count("\n"))
    return "".join(parts)


def _plain(text: str, *, emphasis: bool) -> str:
    text = PLACEHOLDER.sub(OBJECT, text)
    text = re.sub(r"!\[|(?<!\\)[\[\]]", "", text)
    return text if emphasis else re.sub(r"(?<!\\)\*{1,3}(?=\S)|(?<=\S)\*{1,3}", "", text)


class _Scanner:
    """One pass over one text; remembers paragraph ends and closing marks that are absent."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.limit = -1
        self.absent: set[str] = set()
        self.closing_ticks = _closing_ticks(text)

    def scan(self) -> Iterator[Span]:
        """Yield the spans in order, some of them empty."""
        text = self.text
        position = 0
        if front := _FRONT.match(text):
            position = front.end()
            yield Span(Kind.FRONT, text[:position])
        searched = position
        while match := _TOKEN.search(text, searched):
            found = self.read(match)
            if found is None:
                searched = match.end()
                continue
            start = match.start()
            yield Span(Kind.TEXT, text[position:start])
            yield from found
            searched = position = start + sum(len(span.text) for span in found)
        yield Span(Kind.TEXT, text[position:])

    def read(self, match: re.Match[str]) -> list[Span] | None:
        """Read the construct that starts at a token; None if it is plain text after all."""
        token = match.lastgroup or ""
        if token in _SIMPLE:
            return [Span(_SIMPLE[token], match[0])]
        reader: Callable[[re.Match[str]], list[Span] | None] = getattr(self, f"read_{token}")
        return reader(match)

    def read_escape(self, _: re.Match[str]) -> None:
        return None

    def read_fence(self, match: re.Match[str]) -> list[Span]:
        marks = match["marks"]
        closing = re.compile(rf"^[ \t>]*{marks[0]}{{{len(marks)},}}[ \t]*$", re.MULTILINE)
        close = closing.search(self.text, match.end())
        return self.span(Kind.FENCE, match, close.end() if close else len(self.text))

    def read_foreign(self, match: re.Match[str]) -> list[Span] | None:
        return self.upto(Kind.FOREIGN, match, f"</{match['element']}>")

    def read_raw(self, match: re.Match[str]) -> list[Span] | None:
        kind = Kind.CODE if match["name"] in _SEEN else Kind.HTML
        return self.upto(kind, match, f"</{match['name']}>")

    def read_comment(self, match: re.Match[str]) -> list[Span] | None:
        return self.upto(Kind.HTML, match, "-->")

    def read_admonition(self, match: re.Match[str]) -> list[Span]:
        return _admonition(match[0])

    def read_attributes(self, match: re.Match[str]) -> list[Span] | None:
        is_list = _ATTRIBUTES.match(match[0])
        return self.span(Kind.ATTRIBUTES, match, match.end()) if is_list else None

    def read_ticks(self, match: re.Match[str]) -> list[Span] | None:
        close = self.closing_ticks.get(match.start(), -1)
        inside = 0 <= close <= self.paragraph_end(match.start())
        return self.span(Kind.CODE, match, close) if inside else None

    def read_display(self, match: re.Match[str]) -> list[Span] | None:
        close = self.text.find("$$", match.end(), self.paragraph_end(match.start()))
        return self.span(Kind.DISPLAY, match, close + 2) if close > match.end() else None

    def read_dollar(self, match: re.Match[str]) -> list[Span] | None:
        return self.inline(Kind.MATH, match, _DOLLARS)

    def read_tag(self, match: re.Match[str]) -> list[Span] | None:
        return self.inline(Kind.HTML, match, _TAG)

    def inline(
        self, kind: Kind, match: re.Match[str], pattern: re.Pattern[str]
    ) -> list[Span] | None:
        whole = pattern.match(self.text, match.start(), self.paragraph_end(match.start()))
        return self.span(kind, match, whole.end()) if whole else None

    def span(self, kind: Kind, match: re.Match[str], end: int) -> list[Span]:
        return [Span(kind, self.text[match.start() : end])]

    def paragraph_end(self, position: int) -> int:
        if position >= self.limit:
            blank = _BLANK.search(self.text, position)
            self.limit = blank.start() if blank else len(self.text)
        return self.limit

    def upto(self, kind: Kind, match: re.Match[str], closing: str) -> list[Span] | None:
        close = -1 if closing in self.absent else self.text.find(closing, match.end())
        if close < 0:
            self.absent.add(closing)
            return None
        return self.span(kind, match, close + len(closing))


_SIMPLE = {
    "snippet": Kind.SNIPPET,
    "rule": Kind.MARKUP,
    "note": Kind.TARGET,
    "definition": Kind.TARGET,
    "address": Kind.ADDRESS,
    "target": Kind.TARGET,
    "emoji": Kind.MARKUP,
}


def _closing_ticks(text: str) -> dict[int, int]:
    """Where the code ends that a run of backticks opens: after the next run of its length."""
    closing: dict[int, int] = {}
    later: dict[int, int] = {}
    for run in reversed(list(_TICKS.finditer(text))):
        length = len(run[0])
        if length in later:
            closing[run.start()] = later[length]
        later[length] = run.end()
    return closing


def _admonition(line: str) -> list[Span]:
    """The marker and the quotes are markup, the title is text."""
    match = _ADMONITION.fullmatch(line)
    if match is None or match[2] is None:
        return [Span(Kind.MARKUP, line)]
    title = spans(match[2])
    return [Span(Kind.MARKUP, match[1] + '"'), *title, Span(Kind.MARKUP, match[3])]
