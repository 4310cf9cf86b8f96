"""Bytecode of the modules that Temporal's sandbox loads anew for each workflow run."""

import py_compile
import sys
from collections.abc import Sequence
from pathlib import Path


def write_bytecode(modules: Sequence[str], directory: Path) -> None:
    """Write the bytecode of loaded modules: beside them, or below `directory` where that cannot be written.

    Python does not write it by itself where PYTHONDONTWRITEBYTECODE is set, as in many container images, or
    where the installation is read-only. Then each new workflow run compiles its module once more, which was
    a sixth of what a new conversation costs the worker.
    """
    sources = [path for name in modules if (path := sys.modules[name].__file__) is not None]
    try:
        _compile(sources)
    except OSError:
        sys.pycache_prefix = str(directory)
        _compile(sources)


def _compile(sources: Sequence[str]) -> None:
    for source in sources:
        py_compile.compile(source, doraise=True)
