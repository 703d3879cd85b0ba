"""Files inside installed packages; the packages themselves are not imported."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from cnnexplain.errors import CnnExplainError

if TYPE_CHECKING:
    from types import ModuleType

_CURE = 'pip install "cnnexplain[examples]"'


def file_of(package: str, *path: str) -> Path:
    """Return where a file of an installed package is.

    Args:
        package: The name by which the package is imported, such as `"skimage"`.
        path: The folders inside the package, and the file's name.

    Raises:
        CnnExplainError: If the package is not installed, or has no such file.

    Example:
        >>> file_of("json", "decoder.py").name
        'decoder.py'
    """
    spec = find_spec(package)
    if spec is None:
        raise CnnExplainError(f"the package {package}", "none of this name is installed", _CURE)
    for folder in spec.submodule_search_locations or ():
        file = Path(folder, *path)
        if file.is_file():
            return file
    raise CnnExplainError(
        f"the file {'/'.join(path)} in the package {package}",
        "a version of the package without it",
        _CURE,
    )


def imported(name: str) -> ModuleType:
    """Import a module of an installed package.

    Args:
        name: The module's name, such as `"PIL.Image"`.

    Raises:
        CnnExplainError: If it is missing.

    Example:
        >>> imported("json.decoder").__name__
        'json.decoder'
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise CnnExplainError(f"the module {name}", str(error), _CURE) from None
