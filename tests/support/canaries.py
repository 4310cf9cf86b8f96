"""Looking for words that must not be somewhere, in every form in which they may be written there."""

import base64
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import quote


def forms(canary: str) -> set[bytes]:
    """The bytes by which a text is recognised: plain, in JSON, in a URL, in hex, in base64 at any offset."""
    plain = canary.encode()
    written = {plain, json.dumps(canary)[1:-1].encode(), quote(canary, safe="").encode()}
    written |= {plain.hex().encode(), plain.hex().upper().encode()}
    for offset in range(3):
        # The first and last characters depend on the neighbours; what is between is the text's own.
        whole = base64.b64encode(b"\0" * offset + plain)
        middle = whole[4 if offset else 0 :].rstrip(b"=")[:-1]
        written |= {middle, middle.replace(b"+", b"-").replace(b"/", b"_")}
    return written


def found(canaries: Mapping[str, str], places: Mapping[str, bytes]) -> list[str]:
    """`name in place` for every canary that is in a place."""
    return [
        f"{name} in {place}"
        for name, canary in canaries.items()
        for place, content in places.items()
        if any(form in content for form in forms(canary))
    ]


def files(directory: Path, *, but: Iterable[str] = ()) -> dict[str, bytes]:
    """Every file under a directory with its bytes, but those in directories of these names."""
    left_out = set(but)
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file() and not left_out & set(path.relative_to(directory).parts)
    }
