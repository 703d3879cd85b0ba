"""A converted network as text, and as HTML for notebooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnexplain.formats.characters import visible, width
from cnnexplain.formats.web import escaped
from cnnexplain.languages import shape, text
from cnnexplain.table import size

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnnexplain.conversion import Conversion

_GAP = "  "


def to_text(conversion: Conversion) -> str:
    """Return what was rewritten, and what holds of the result, as text in the current language.

    Args:
        conversion: The converted network.

    Example:
        >>> import cnnexplain as cx
        >>> lenet = cx.fully_convolutional(cx.networks.lenet5(), (1, 32, 32))
        >>> print(to_text(lenet).splitlines()[1])
        fc5      Linear(400, 120) → Conv2d(16, 120, kernel_size=5)
    """
    steps = [(visible(name), visible(before), after) for name, before, after in _steps(conversion)]
    names = _widest(name for name, _, _ in steps)
    befores = _widest(before for _, before, _ in steps)
    lines = [
        f"{_wide(name, names)}{_GAP}{_wide(before, befores)} → {visible(after)}"
        for name, before, after in steps
    ]
    facts = _facts(conversion)
    labels = _widest(label for label, _ in facts)
    return "\n".join(
        [
            *(lines or [text("conversion.nothing")]),
            "",
            *(
                f"{_wide(label if first else '', labels)}{_GAP}{visible(line)}"
                for label, said in facts
                for first, line in zip((True, *[False] * len(said)), said, strict=False)
            ),
        ]
    )


def to_html(conversion: Conversion) -> str:
    """Return the same as a table of HTML.

    Args:
        conversion: The converted network.

    Example:
        >>> import cnnexplain as cx
        >>> lenet = cx.fully_convolutional(cx.networks.lenet5(), (1, 32, 32))
        >>> "Conv2d(16, 120, kernel_size=5)" in to_html(lenet)
        True
    """
    caption = escaped(text("conversion.caption"))
    heads = "".join(
        f'<th scope="col" class="cx-words">{escaped(text(key))}</th>'
        for key in ("table.name", "conversion.before", "conversion.after")
    )
    return "\n".join(
        [
            f'<div class="cx-table" role="group" aria-label="{caption}">',
            '<table class="cx-rows">',
            f"<caption>{caption}</caption>",
            f"<thead><tr>{heads}</tr></thead>",
            "<tbody>",
            *(
                _row(name, f'<td class="cx-words">{escaped(before)}</td>', escaped(after))
                for name, before, after in _steps(conversion)
            ),
            "</tbody>",
            "<tbody>",
            *(
                _row(label, "", "<br>".join(map(escaped, said)), columns=2)
                for label, said in _facts(conversion)
            ),
            "</tbody>",
            "</table>",
            "</div>",
        ]
    )


def _steps(conversion: Conversion) -> list[tuple[str, str, str]]:
    return [(step.name, step.before, step.after) for step in conversion.steps]


def _facts(conversion: Conversion) -> list[tuple[str, tuple[str, ...]]]:
    """Return what holds of the result: a label and its lines each."""
    added = "shared" if conversion.added_memory == 0 else "copied"
    memory = text(f"conversion.{added}", size=size(conversion.added_memory))
    return [
        (text("conversion.window"), (shape(conversion.window),)),
        (text("table.effective_stride"), (shape(conversion.effective_stride),)),
        (text("table.receptive_field"), (shape(conversion.receptive_field),)),
        (text("conversion.memory"), (memory,)),
        (text("conversion.exactness"), conversion.exactness.notes),
    ]


def _widest(texts: Iterable[str]) -> int:
    return max(map(width, texts), default=0)


def _wide(words: str, columns: int) -> str:
    return words + " " * (columns - width(words))


def _row(name: str, middle: str, last: str, columns: int = 1) -> str:
    span = f' colspan="{columns}"' if columns > 1 else ""
    head = f'<th scope="row" class="cx-words">{escaped(name)}</th>'
    return f'<tr>{head}{middle}<td class="cx-words"{span}>{last}</td></tr>'
