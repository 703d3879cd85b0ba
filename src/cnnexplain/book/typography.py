"""French spaces, and the rules of punctuation that each language's pages keep."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from cnnexplain.book.blocks import Block, Role, blocks
from cnnexplain.book.spans import OBJECT, Span, spans, visible

# --- French spaces ------------------------------------------------------------------------------

_SPACE = "[ \u00a0\u202f]"
# Not "s" of "s’étend", nor "m" of "m’a".
_UNITS = (
    r"(?:[kMGT]i?o|octets?|[kMGT]?Hz|[kMGT]?FLOPs?|[mµn]?s|min|h|[ckmµn]?m|px|pixels?|k?W|MACs?"
    r"|fois|millions?|milliards?)\b(?!['’])|[%‰€]|°C"
)
_COLON = re.compile(rf"(?<=\S){_SPACE}:(?![:\w])")
_HIGH = re.compile(rf"(?<=\S){_SPACE}(?=[;?»]|!(?![\[=]))")
_OPENING = re.compile(rf"«{_SPACE}(?=\S)")
_GROUPS = re.compile(rf"(?<![\w.,])\d{{1,3}}(?:{_SPACE}\d{{3}})+(?!\d)")
_UNIT = re.compile(rf"(?<=[\d{OBJECT}]){_SPACE}(?={_UNITS})")
# Dashes pair up within a paragraph, an item or a cell.
_DASH = re.compile(r"\n[ \t]*(?=\n|[-*+|#:]|\d+[.)])|\||(?<=[^\s|])[ \u00a0]–[ \u00a0](?=[^\s|])")


def french(text: str) -> str:
    r"""Set the spaces and apostrophes that nobody can type.

    Args:
        text: French text without code, typed with ordinary spaces and straight apostrophes.

    Returns:
        The text with U+00A0, U+202F and U+2019; a second pass changes nothing.

    Example:
        >>> french("L'axe : « 9 216 » à 12 % !")
        'L’axe\xa0: «\u202f9\u202f216\u202f» à 12\xa0%\u202f!'
    """
    text = text.replace("'", "’")
    text = _COLON.sub("\u00a0:", text)
    text = _HIGH.sub("\u202f", text)
    text = _OPENING.sub("«\u202f", text)
    text = _GROUPS.sub(lambda match: re.sub(_SPACE, "\u202f", match[0]), text)
    text = _UNIT.sub("\u00a0", text)
    return _set_dashes(text)


def english(text: str) -> str:
    """Set the apostrophes; quotes are typed as “ and ”.

    Args:
        text: English text without code.

    Returns:
        The text with U+2019; a second pass changes nothing.

    Example:
        >>> english("the layer's kernel")
        'the layer’s kernel'
    """
    return text.replace("'", "’")


def _set_dashes(text: str) -> str:
    inside = False

    def dash(match: re.Match[str]) -> str:
        nonlocal inside
        inside = "–" in match[0] and not inside
        if "–" not in match[0]:
            return match[0]
        return " –\u00a0" if inside else "\u00a0– "

    return _DASH.sub(dash, text)


# --- Rules --------------------------------------------------------------------------------------


class Remark(NamedTuple):
    """What is wrong in a line of prose, and how to write it."""

    line: int
    what: str
    cure: str


class _Rule(NamedTuple):
    pattern: re.Pattern[str]
    what: str
    cure: str


def _rules(*rows: tuple[str, str, str]) -> tuple[_Rule, ...]:
    return tuple(_Rule(re.compile(pattern), what, cure) for pattern, what, cure in rows)


_ALL = _rules(
    (r"(?<!\.)\.\.\.(?!\.)", "three periods", "write …"),
    (r"\d ?[xX] ?(?=\d)", "a letter between sizes", "write ×"),
    (r"[\u200b\u200e\u200f\ufeff\u00ad]", "an invisible character", "remove it"),
    (r"\{\{|\}\}", "a broken placeholder", "write {{ name }} on one line"),
)
_WESTERN = _rules(
    (r"(?<=[^\s|])  +(?=[^\s|])", "two spaces", "write one"),
    (r"(?<=[^\s|])[ \u00a0\u202f][,)\]…](?!\w)", "a space before punctuation", "remove it"),
    (r"(?<=[^\s|])[ \u00a0\u202f]\.(?=\s|$)", "a space before punctuation", "remove it"),
    (r"\((?= \S)", "a space after the bracket", "remove it"),
    (r"(?<=\w) -{1,2} (?=\w)|\w--\w", "a hyphen as a dash", "write – between spaces"),
    (r"—", "an em dash", "write – between spaces"),
)
_ENGLISH = _rules(
    ('"', "a straight quote", "write “ … ”"),
    (r"[‘’]", "a typographic apostrophe", "type '; the build sets it"),
    (r"[«»„]", "a foreign quote", "write “ … ”"),
    (r"(?<=[^\s|]) [:;!?](?=\s|$)", "a space before punctuation", "remove it"),
    (r"[\u00a0\u202f]", "a no-break space", "type an ordinary space"),
)
_AMERICAN = _rules(
    (
        (
            r"(?i:\b(?!(?:re|over|under|down|up|cap)?siz|prize|seiz)[a-z]{2,}"
            r"iz(?:e[ds]?|ing|ations?)\b|\banalyz\w+)"
        ),
        "an American spelling",
        "write -ise, -isation",
    ),
    (
        r"(?i:\b(?:color|favor|behavior|neighbor)(?:s|ed|ing|ful|less|able|hoods?)?\b)",
        "an American spelling",
        "write -our",
    ),
    (r"(?i:\bcenter(?:s|ed|ing)?\b)", "an American spelling", "write centre"),
    (r"(?i:\bgray\w*)", "an American spelling", "write grey"),
    (r"\b(?:label|model|travel|cancel)(?:ed|ing)\b", "an American spelling", "write -lled, -lling"),
    (r"(?i:\bartifacts?\b|\bcatalogs?\b)", "an American spelling", "write artefact, catalogue"),
)
# The versions of what has a name keep their point: CC BY-SA 3.0, Python 3.11.
_NO_NAME = "".join(rf"(?<!\b[A-Z]\w{{{length}}} )" for length in range(1, 12))
_FRENCH = _rules(
    (r"[^\s:](?=:(?:[\s)»]|$))", "no space before the colon", "add a space"),
    (r"[^\s:;!?(](?=[;!?](?:[\s)».]|$))", "no space before ; ! ?", "add a space"),
    (r"\S(?=»)", "no space before »", "write « … » with spaces inside"),
    (r"«(?=\S)", "no space after «", "write « … » with spaces inside"),
    (r"^[;!?»]", "punctuation at the start of a line", "keep it with the word before it"),
    ('"', "a straight quote", "write « … », or “ … ” inside them"),
    (rf"[\d{OBJECT}](?={_UNITS})", "no space before the unit", "add a space"),
    (
        rf"(?<![\w.,-])(?<!version ){_NO_NAME}\d+\.\d+(?![\w.-]*\w)",
        "a decimal point",
        "write a comma",
    ),
    (r"\betc\b(?!\.)", "etc without its point", "write etc."),
    (r"\betc\.(?:…|\.)", "two marks after etc", "write etc."),
    (r"[^,(\s] etc\b", "no comma before etc.", "add a comma"),
    (r"[‘’]", "a typographic apostrophe", "type '; the build sets it"),
    (r"[\u00a0\u202f]", "a no-break space", "type an ordinary space; the build sets it"),
    (r"(?:^|[.!?] |[«“(–] ?)A(?= [a-zà-ÿ])", "a capital without its accent", "write À"),
    (r"(?:^|[.!?] |[«“(–] ?)Ca(?= [a-zà-ÿ])", "a capital without its cedilla", "write Ça"),
    (
        (
            r"\bE(?=tat|tape|gal|quival|cart\b|tant|tend|viden?[tm]|vit|tud|cri|chel|chou|chant|clair"
            r"|conom|l[ée]ment|nonc|num[ée]r|paiss|valu|volu|dit|quipe|mission|lev[ée]|tir)"
        ),
        "a capital without its accent",
        "write É",
    ),
    (r"\b\d+i?[eè]me\b|\b1ère?s?\b|\b\d+è\b", "an ordinal", "write 1er, 1re, 2e"),
    (r"\b\w?oe(?=u|il\b)", "two letters for œ", "write œ"),
    (r"\b(?:[Tt]u|[Tt]oi)\b", "familiar address", "write vous, or impersonally"),
)

_JAPANESE_LETTER = "\u3005-\u3007\u3041-\u3096\u309d-\u30fa\u30fc-\u30ff\u3400-\u9fff\uf900-\ufaff"
_LATIN = f"A-Za-zÀ-ÖØ-öø-ÿ0-9%+$\\\\{OBJECT}"
_MARKS = "、。「」『』（）！？：・"
_JAPANESE = _rules(
    (
        f"[{_JAPANESE_LETTER}](?=[{_LATIN}])|[{_LATIN}](?=[{_JAPANESE_LETTER}])",
        "no space between Japanese and Latin",
        "write one half-width space",
    ),
    (f"(?<=[^\\s|]) (?=[{_MARKS}])", "a space before Japanese punctuation", "remove it"),
    (f"[{_MARKS}] (?=[^\\s|])", "a space after Japanese punctuation", "remove it"),
    ("(?<=[^\\s|])  +(?=[^\\s|])", "two spaces", "write one"),
    (f"[{_JAPANESE_LETTER}」）][,.;:!?]", "Western punctuation after Japanese", "write 、。：！？"),
    ("[，．；]", "full-width Western punctuation", "write 、 or 。"),
    (
        f"\\((?=[^()]*+\\))[^(){_JAPANESE_LETTER}]*+[{_JAPANESE_LETTER}][^()]*+\\)",
        "half-width brackets around Japanese",
        "write （…）",
    ),
    (f"[{_JAPANESE_LETTER}]\\(", "a half-width bracket after Japanese", "write （…）"),
    ('["“”]', "a Western quote", "write 「…」"),
    ("[０-９Ａ-Ｚａ-ｚ％]+", "full-width letters or digits", "write them half width"),
    ("[ｦ-ﾟ]+", "half-width kana", "write them full width"),
    ("\u3000", "a full-width space", "remove it"),
    ("[\u00a0\u202f]", "a no-break space", "type an ordinary space"),
    ("〜", "a wave dash (U+301C)", "write ～ (U+FF5E)"),
    ("[：:]$", "a colon at the end of a lead-in", "end it with 。"),
    (
        "(?:であ(?:る|った)|だ|だった|する|なる|ない|なかった|れる|せる|いる|ある|できる|った)。(?!」)",
        "a plain ending",
        "end it in です or ます",
    ),
)
_ITALICS = re.compile(
    r"(?<![*\w\\])\*(?![*\s])[^*\n|]+\*(?!\*)"
    rf"|(?<![_\w\\])_{{1,2}}(?=[^_\s][^_\n|]*+_)[^_\n|{_JAPANESE_LETTER}]*+[{_JAPANESE_LETTER}]"
    r"[^_\n|]*+_"
)
_POLITE = re.compile("(?:です|ます|ません|でした|ました|ください)$")


def _remarks(lines: list[str], rules: tuple[_Rule, ...]) -> Iterator[Remark]:
    written = ((number, line) for number, line in enumerate(lines, 1) if line)
    for number, line in written:
        for rule in rules:
            for match in rule.pattern.finditer(line):
                yield Remark(number, f"{rule.what}: {_around(line, match)}", rule.cure)


def _around(line: str, match: re.Match[str], width: int = 12) -> str:
    shown = line[max(0, match.start() - width) : match.end() + width]
    return repr(shown.strip().replace(OBJECT, "⟨⟩"))


def lint_english(text: str) -> list[Remark]:
    """Find what an English page must not have.

    Args:
        text: A page of Markdown.

    Returns:
        Remarks by rule and line.

    Example:
        >>> [remark.what for remark in lint_english("A map  of 7 x 7")]
        ["two spaces: 'A map  of 7 x 7'", "a letter between sizes: 'A map  of 7 x 7'"]
    """
    pieces = spans(text)
    rules = _ENGLISH + _WESTERN + _ALL
    page = blocks(pieces)
    return [
        *_remarks(_lines(pieces), rules),
        *_remarks(_lines(spans(_WORK.sub(_own, text))), _AMERICAN),
        *_full_stops(page, "."),
        *_doubled(page, _TWICE_IN_ENGLISH),
    ]


def lint_french(text: str) -> list[Remark]:
    """Find what a French page must not have; the spaces themselves are typed as ordinary ones.

    Args:
        text: A page of Markdown.

    Returns:
        Remarks by rule and line.

    Example:
        >>> lint_french("Le pas: 2")
        [Remark(line=1, what="no space before the colon: 'Le pas: 2'", cure='add a space')]
    """
    pieces = spans(text)
    rules = _FRENCH + _WESTERN + _ALL
    page = blocks(pieces)
    return [
        *_remarks(_lines(pieces), rules),
        *_full_stops(page, "."),
        *_doubled(page, _TWICE_IN_FRENCH),
        *_guillemets(page),
    ]


def lint_japanese(text: str) -> list[Remark]:
    """Find what a Japanese page must not have.

    Args:
        text: A page of Markdown.

    Returns:
        Remarks by rule and line.

    Example:
        >>> lint_japanese("`stride`は 2 です。")
        [Remark(line=1, what="no space between Japanese and Latin: '⟨⟩は 2 です。'", cure='write one half-width space')]
    """  # noqa: E501  # what Python prints is one line
    pieces = spans(text)
    page = blocks(pieces)
    return [
        *_remarks(_lines(pieces), _JAPANESE + _ALL),
        *_full_stops(page, "。"),
        *_japanese_blocks(page),
        *_italics(visible(pieces, emphasis=True).split("\n")),
    ]


LINTS: Mapping[str, Callable[[str], list[Remark]]] = {
    "en": lint_english,
    "ja": lint_japanese,
    "fr": lint_french,
}


# A work elsewhere has its title from others.
_WORK = re.compile(r"\[[^\[\]]*\]\(https?:[^()]*\)|“[^“”]*”")
_WORD_TWICE = re.compile(r"(?<![\w'’-])([^\W\d_]+) \1(?![\w'’-])", re.IGNORECASE)
_TWICE_IN_ENGLISH = frozenset({"that", "had"})
_TWICE_IN_FRENCH = frozenset({"nous", "vous"})
_QUOTE = re.compile("[«»“”]")
_LEAD = re.compile(r"^[ \t]*(?:>[ \t]*)*(?:#{1,6}|[-*+]|\d+[.)]|:)?[ \t]+")


def _lines(pieces: list[Span]) -> list[str]:
    """What is read of each line, without the marks and the spaces that begin it."""
    return [_LEAD.sub("", line).rstrip() for line in visible(pieces).split("\n")]


def _full_stops(page: list[Block], stop: str) -> Iterator[Remark]:
    for block in page:
        if block.role is Role.HEADING and block.prose.endswith(stop):
            yield Remark(block.line, f"a full stop in a heading: {block.prose!r}", "remove it")


def _own(work: re.Match[str]) -> str:
    """What stands for the words of others: nothing but their lines."""
    return OBJECT + "\n" * work[0].count("\n")


def _doubled(page: list[Block], allowed: frozenset[str]) -> Iterator[Remark]:
    """A word twice, also from one line to the next."""
    for block in page:
        for match in _WORD_TWICE.finditer(block.prose):
            if match[1].lower() not in allowed:
                where = _around(block.prose, match)
                yield Remark(block.line, f"a word twice: {where}", "write it once")


def _guillemets(page: list[Block]) -> Iterator[Remark]:
    """Guillemets open and close in one paragraph, and “ ” stand inside of them only."""
    for block in page:
        opened = False
        for match in _QUOTE.finditer(block.prose):
            where = _around(block.prose, match)
            if match[0] in "“”":
                if not opened:
                    yield Remark(block.line, f"an English quote: {where}", "write « … »")
            elif opened is (match[0] == "«"):
                yield Remark(block.line, f"unpaired guillemets: {where}", "write « … “ … ” … »")
                break
            else:
                opened = not opened
        else:
            if opened:
                where = repr(block.prose[-24:])
                yield Remark(block.line, f"unpaired guillemets: {where}", "close them with »")


def _japanese_blocks(page: list[Block]) -> Iterator[Remark]:
    for block in page:
        if block.role is Role.HEADING and _POLITE.search(block.prose):
            yield Remark(block.line, f"a verb in a heading: {block.prose!r}", "end it in a noun")
        if block.role in (Role.PARAGRAPH, Role.ITEM) and len(block.lines) > 1:
            what = f"a paragraph of {len(block.lines)} lines"
            yield Remark(block.line, what, "write it on one line: a newline shows as a space")


def _italics(lines: list[str]) -> Iterator[Remark]:
    for number, line in enumerate(lines, 1):
        for match in _ITALICS.finditer(line):
            yield Remark(number, f"italics: {_around(line, match)}", "write **…**")
