"""A module that is loaded again is not compiled again, also where Python writes no bytecode by itself."""

import subprocess
import sys
from pathlib import Path

import pytest

LOADED_TWICE = """
import sys
from pathlib import Path
from base.process.bytecode import write_bytecode

sys.path.insert(0, sys.argv[1])
import loaded_twice
if sys.argv[3] == "written":
    write_bytecode(["loaded_twice"], Path(sys.argv[2]))
compiled = []
sys.addaudithook(lambda event, given: compiled.append(event) if event == "compile" else None)
del sys.modules["loaded_twice"]
import loaded_twice
print(len(compiled))
"""


@pytest.mark.parametrize(
    ("what", "compiled"), [("written", "0"), ("nothing", "1")], ids=["with our bytecode", "without"]
)
@pytest.mark.parametrize("place", ["writable", "read-only"])
def test_a_module_is_compiled_once(tmp_path: Path, what: str, compiled: str, place: str) -> None:
    source, ours = tmp_path / "source", tmp_path / "bytecode"
    source.mkdir()
    (source / "loaded_twice.py").write_text("FACT = 1\n")
    if place == "read-only":
        (source / "__pycache__").write_text("")  # no folder can be made here, not even by root
    given = [str(source), str(ours), what]
    printed = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-B", "-c", LOADED_TWICE, *given], capture_output=True, text=True, check=True
    ).stdout
    assert printed.strip() == compiled
