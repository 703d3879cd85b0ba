"""The one function that the page calls."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from cnnexplain.languages import language as chosen_language
from cnnexplain.languages import text
from cnnexplain.playground import networks, windows
from cnnexplain.playground.parts import Refusal
from cnnexplain.playground.state import TOOLS, completed, one_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnnexplain.playground.parts import Answer


def answer(state: Mapping[str, str], language: str) -> str:
    """Return all that the playground tells of a state, as JSON.

    Nothing that was typed is executed, and all of it is escaped. The JSON is an object: `state`,
    complete; `error`, a sentence as plain text if there is no answer, or null; `parts`, each with
    its `id`, `heading` and `html`; `files`, each with its `name`, `label`, `type` and `content`;
    `summary`, a sentence as plain text.

    Args:
        state: What the address of the page says; anything at all.
        language: `"en"`, `"ja"` or `"fr"`.

    Raises:
        ArgumentError: If there is no such language.

    Example:
        >>> told = json.loads(answer({"tool": "window", "kernel": "3.5"}, "en"))
        >>> told["error"]
        'Kernel size: expected a whole number from 1 to 1,024, but got “3.5”. Write 3, for example.'
    """
    with chosen_language(language):
        full = completed(state)
        try:
            error, told = None, asdict(_answer(full))
        except Refusal as refusal:
            error = str(refusal)
        except Exception:  # noqa: BLE001  # whatever was typed, the page gets a sentence
            error = text("playground.error.unexpected")
        if error is not None:
            told = {"state": full, "parts": [], "files": [], "summary": error}
    whole = {"state": told.pop("state"), "error": error, **told}
    return json.dumps(whole, ensure_ascii=False)


def _answer(state: Mapping[str, str]) -> Answer:
    tool = one_of("tool", state["tool"], TOOLS)
    return windows.answer(state) if tool == "window" else networks.answer(state)
