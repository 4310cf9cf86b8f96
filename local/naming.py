"""How `pagedesk` is to be typed in this shell, for lines that are to be copied from the screen."""

import shlex
import shutil
import sys
from pathlib import Path

_NAME = "pagedesk"


def shown_command() -> str:
    """`pagedesk` where the shell finds this one, else its path from here, else its whole path."""
    program = Path(sys.executable).parent / _NAME
    found = shutil.which(_NAME)
    if found is not None and Path(found).resolve() == program.resolve():
        return _NAME
    if not program.exists():
        return _NAME
    here = Path.cwd()
    shown = program.relative_to(here) if program.is_relative_to(here) else program
    return shlex.quote(str(shown))
