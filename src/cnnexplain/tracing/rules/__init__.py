"""Functions of torch, and the operations that they are.

Each rule takes the function's own arguments by their own names, so that Python binds them. One that
cannot tell returns `NotImplemented`, and torch is asked instead.
"""

from cnnexplain.tracing.rules import arithmetic, attention, layers, shapes, windows
from cnnexplain.tracing.rules.passing import GRADIENTS, PLAIN, VALUES, WHERE
from cnnexplain.tracing.rules.registry import RULES

__all__ = ["GRADIENTS", "PLAIN", "RULES", "VALUES", "WHERE"]

# Imported for the rules in them.
_FAMILIES = (arithmetic, attention, layers, shapes, windows)
