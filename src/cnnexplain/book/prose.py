"""Prose made ready for the build: computed values put in, spaces and apostrophes set."""

import difflib
import re
from collections.abc import Callable, Mapping

from cnnexplain.book.spans import OBJECT, PLACEHOLDER, Kind, Span, spans
from cnnexplain.book.typography import english, french
from cnnexplain.errors import BookError

Values = Mapping[str, Mapping[str, str]]

_FORMS = {Kind.TEXT: "text", Kind.MATH: "tex", Kind.DISPLAY: "tex"}
_SETTINGS = {"en": english, "fr": french}


def prepare(text: str, language: str, values: Values, where: str) -> str:
    r"""Put computed values into Markdown, and the spaces and apostrophes that nobody can type.

    Code, snippet lines, HTML, addresses, link targets, attribute lists and front matter stay as
    they are.

    Args:
        text: A page, or the prose of a lab.
        language: Language of the page.
        values: Name -> its form in text ("text") and inside mathematics ("tex").
        where: The page, for errors.

    Returns:
        Markdown.

    Raises:
        BookError: A value is unknown, or has no form for the place where it stands.

    Example:
        >>> sizes = {"size": {"text": "9,216", "tex": r"\text{9,216}"}}
        >>> prepare("{{ size }} units, ${{ size }}$, `{{ size }}`", "en", sizes, "docs/en/index.md")
        '9,216 units, $\\text{9,216}$, `{{ size }}`'
    """
    filled = []
    line = 1
    for span in spans(text):
        filled.append(_fill(span, values, line, f"{where} ({language})"))
        line += span.text.count("\n")
    setting = _SETTINGS.get(language)
    return _set(filled, setting) if setting else "".join(span.text for span in filled)


def _fill(span: Span, values: Values, line: int, where: str) -> Span:
    form = _FORMS.get(span.kind)
    if form is None or "{{" not in span.text:
        return span

    def value(match: re.Match[str]) -> str:
        name = match[1].strip()
        if form in values.get(name, {}):
            return values[name][form]
        raise _error(span, match, line, where, _cure(name, form, values))

    text = PLACEHOLDER.sub(value, span.text)
    if span.kind is Kind.TEXT and (broken := re.search(r"\{\{.{,20}", text)):
        raise _error(span, broken, line, where, "close it as in `{{ name }}`")
    return Span(span.kind, text)


def _error(span: Span, match: re.Match[str], line: int, where: str, cure: str) -> BookError:
    line += match.string.count("\n", 0, match.start())
    place = "mathematics" if _FORMS[span.kind] == "tex" else "text"
    return BookError(
        f"the name of a computed value that may stand in {place}",
        f"`{match[0]}` in {where}, line {line}",
        cure,
    )


def _cure(name: str, form: str, values: Values) -> str:
    if name in values:
        return f"put it inside $...$: {name} is a formula" if form == "text" else "put it into text"
    if near := difflib.get_close_matches(name, values):
        return "write " + " or ".join(f"`{{{{ {match} }}}}`" for match in near)
    return f"add {name!r} to the values of cnnexplain.book, or write TeX groups with single braces"


def _set(pieces: list[Span], setting: Callable[[str], str]) -> str:
    """Set the spaces of all text at once, so that they also fit beside code and mathematics."""
    kept: list[str] = []
    masked = []
    for span in pieces:
        if span.kind is Kind.TEXT and OBJECT not in span.text:
            masked.append(span.text)
        else:
            kept.append(span.text)
            masked.append(OBJECT)
    first, *rest = setting("".join(masked)).split(OBJECT)
    return first + "".join(code + text for code, text in zip(kept, rest, strict=True))
