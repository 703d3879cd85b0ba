"""The playground as a page has it before anything is loaded: its forms, and a complete example."""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING

from cnnexplain.languages import catalogue, current, number, text
from cnnexplain.languages import language as chosen_language
from cnnexplain.playground.answers import answer
from cnnexplain.playground.parts import attribute
from cnnexplain.playground.presets import PRESETS
from cnnexplain.playground.state import DEFAULTS, FIELDS, KINDS, TOOLS, query

if TYPE_CHECKING:
    from collections.abc import Iterator

_SCRIPT = "playground.script."
_MEGABYTE = 10**6


def page(language: str, size: int | None = None) -> str:
    """Return the playground as HTML: forms, a button to start, and what the defaults give.

    Without a script, it is an example to read. A script shows the button `cx-play-start`, enables
    the forms' fields, and then replaces what is in `cx-play-answer`. The sentences that it needs
    are in `data-words` of `cx-play`, as JSON.

    Args:
        language: `"en"`, `"ja"` or `"fr"`.
        size: How many bytes starting it loads, once; None if the site was built without them.

    Raises:
        ArgumentError: If there is no such language.

    Example:
        >>> 'id="cx-play-start"' in page("en", size=6_300_000)
        True
    """
    with chosen_language(language):
        return "\n".join(_lines(size)) + "\n"


def _lines(size: int | None) -> Iterator[str]:
    words = {
        key.removeprefix(_SCRIPT): held
        for key, held in catalogue(current()).items()
        if key.startswith(_SCRIPT)
    }
    told = json.dumps(words, ensure_ascii=False, sort_keys=True)
    opening = f'<div id="cx-play" class="cx-play" lang="{current()}"'
    yield f"{opening}{attribute('data-words', told)}>"
    yield from _start(size)
    yield from _form("window", _window_fields())
    yield from _form("network", _network_fields())
    yield '<div id="cx-play-answer">'
    for tool in TOOLS:
        heading = text(f"playground.example.{tool}")
        label = f"cx-play-answer-{tool}-heading"
        yield f'<section id="cx-play-answer-{tool}" data-tool="{tool}" aria-labelledby="{label}">'
        yield f'<h2 id="{label}">{escape(heading)}</h2>'
        yield from _answered(tool, answer({"tool": tool}, current()))
        yield "</section>"
    yield "</div>"
    yield "</div>"


def _start(size: int | None) -> Iterator[str]:
    yield '<div class="cx-play-bar">'
    if size is None:
        yield f"<p>{escape(text('playground.page.absent'))}</p>"
    else:
        megabytes = number(size / _MEGABYTE, digits=1)
        loads = text("playground.page.loads", megabytes=megabytes)
        start = escape(text("playground.page.start"))
        yield (
            '<button type="button" id="cx-play-start" class="md-button md-button--primary" '
            f'aria-describedby="cx-play-loads" hidden>{start}</button>'
        )
        yield f'<p id="cx-play-loads">{escape(loads)}</p>'
        yield f"<noscript><p>{escape(text('playground.page.noscript'))}</p></noscript>"
        progress = attribute("aria-label", text("playground.page.progress"))
        yield f'<progress id="cx-play-progress" max="1" value="0"{progress} hidden></progress>'
    yield '<p id="cx-play-status" role="status"></p>'
    yield "</div>"


def _form(tool: str, fields: Iterator[str]) -> Iterator[str]:
    name = escape(text(f"playground.tool.{tool}"))
    yield f'<form id="cx-play-form-{tool}" class="cx-play-form" data-tool="{tool}" novalidate>'
    # Without a script nothing would answer.
    yield "<fieldset disabled>"
    yield f"<legend>{name}</legend>"
    yield f'<input type="hidden" name="tool" value="{tool}">'
    yield from _presets(tool)
    yield from fields
    yield "</fieldset>"
    yield "</form>"


def _labelled(tool: str, key: str, field: str) -> Iterator[str]:
    label = escape(text(f"playground.field.{key}"))
    yield f'<p class="cx-play-field"><label for="cx-play-{tool}-{key}">{label}</label>'
    yield f"{field}</p>"


def _presets(tool: str) -> Iterator[str]:
    options = [
        f'<option value="{preset.id}"{attribute("data-query", query(preset.state))}>'
        f"{escape(preset.label)}</option>"
        for preset in PRESETS
        if preset.state["tool"] == tool
    ]
    # What the list says once something else is typed; nobody can choose it.
    options.append(f'<option value="" hidden>{escape(text("playground.page.own"))}</option>')
    yield from _labelled(
        tool,
        "preset",
        f'<select id="cx-play-{tool}-preset" class="cx-play-preset" autocomplete="off">'
        f"{''.join(options)}</select>",
    )


def _window_fields() -> Iterator[str]:
    defaults = DEFAULTS["window"]
    options = "".join(
        f'<option value="{kind}">{escape(text(f"playground.kind.{kind}"))}</option>'
        for kind in KINDS
    )
    kinds = f'<select id="cx-play-window-kind" name="kind" autocomplete="off">{options}</select>'
    yield from _labelled("window", "kind", kinds)
    for key, field in FIELDS.items():
        name = f"cx-play-window-{key}"
        slider = attribute("aria-label", text("playground.slider", field=_name(key)))
        yield from _labelled(
            "window",
            key,
            f'<input type="number" id="{name}" name="{key}" value="{defaults[key]}" '
            f'min="{field.least}" max="{field.most}" step="1" inputmode="numeric" '
            'autocomplete="off">'
            f'<input type="range" id="{name}-slider" data-for="{name}" value="{defaults[key]}" '
            f'min="{field.least}" max="{field.slides}" step="1" autocomplete="off"{slider}>',
        )
    yield from _labelled(
        "window",
        "ceil",
        '<input type="checkbox" id="cx-play-window-ceil" name="ceil" value="1" autocomplete="off">',
    )


def _name(key: str) -> str:
    return text(f"playground.field.{key}")


def _network_fields() -> Iterator[str]:
    defaults = DEFAULTS["network"]
    given = escape(defaults["text"], quote=False)
    yield from _labelled(
        "network",
        "text",
        f'<textarea id="cx-play-network-text" name="text" rows="12" '
        'lang="en" spellcheck="false" autocomplete="off" autocapitalize="off" '
        'aria-describedby="cx-play-network-text-about">'
        # A textarea drops the first line break.
        f"\n{given}</textarea>",
    )
    about = escape(text("playground.page.read"))
    yield f'<p id="cx-play-network-text-about" class="cx-play-about">{about}</p>'
    yield from _labelled(
        "network",
        "size",
        f'<input type="text" id="cx-play-network-size" name="input" value="{defaults["input"]}" '
        'autocomplete="off" spellcheck="false">',
    )


def _answered(tool: str, told: str) -> Iterator[str]:
    found = json.loads(told)
    for part in found["parts"]:
        name = f"cx-play-{tool}-part-{part['id']}"
        yield f'<section id="{name}" class="cx-play-part" data-part="{part["id"]}">'
        yield f"<h3>{escape(part['heading'])}</h3>"
        yield part["html"]
        yield "</section>"
