"""How sizes flow through convolutional networks: every number with the formula behind it.

Nothing heavy is imported before it is used: `import cnnexplain` takes milliseconds.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnnexplain import figures, networks, plots
    from cnnexplain.api import explain, trace
    from cnnexplain.axis import output_size
    from cnnexplain.comparison import Comparison, compare
    from cnnexplain.conversion import Conversion, fully_convolutional
    from cnnexplain.difference import Difference
    from cnnexplain.errors import (
        ArgumentError,
        CnnExplainError,
        ConversionError,
        ExplainedError,
        ForwardError,
        ShapeError,
        SourceError,
    )
    from cnnexplain.explanation import Explanation
    from cnnexplain.languages import language, set_language
    from cnnexplain.postmortem import explaining
    from cnnexplain.report import Trace
    from cnnexplain.sliding import slide

# Where each public name lives; a module's own name stands for the module itself.
_HOMES = {
    "ArgumentError": "errors",
    "CnnExplainError": "errors",
    "Comparison": "comparison",
    "Conversion": "conversion",
    "ConversionError": "errors",
    "Difference": "difference",
    "ExplainedError": "errors",
    "Explanation": "explanation",
    "ForwardError": "errors",
    "ShapeError": "errors",
    "SourceError": "errors",
    "Trace": "report",
    "compare": "comparison",
    "explain": "api",
    "explaining": "postmortem",
    "figures": "figures",
    "fully_convolutional": "conversion",
    "language": "languages",
    "networks": "networks",
    "output_size": "axis",
    "plots": "plots",
    "set_language": "languages",
    "slide": "sliding",
    "trace": "api",
}

__all__ = [
    "ArgumentError",
    "CnnExplainError",
    "Comparison",
    "Conversion",
    "ConversionError",
    "Difference",
    "ExplainedError",
    "Explanation",
    "ForwardError",
    "ShapeError",
    "SourceError",
    "Trace",
    "compare",
    "explain",
    "explaining",
    "figures",
    "fully_convolutional",
    "language",
    "networks",
    "output_size",
    "plots",
    "set_language",
    "slide",
    "trace",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'cnnexplain' has no attribute {name!r}")
    try:
        home = import_module(f"cnnexplain.{_HOMES[name]}")
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        from cnnexplain.errors import MissingError  # noqa: PLC0415  # seldom needed

        raise MissingError(
            f"PyTorch, which cnnexplain.{name} needs", str(error), 'pip install "cnnexplain[torch]"'
        ) from None
    value = home if name == _HOMES[name] else getattr(home, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
