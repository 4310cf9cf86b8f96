"""Names of files: what is safe to show and to save by, and which extension it has."""

import re
import unicodedata
from urllib.parse import unquote

MAX_NAME_LENGTH = 100
_DEVICES = re.compile(r"(?i)^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)")
_NOT_IN_NAMES = re.compile(r'[\\/:*?"<>|]+')
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def extension_of(name: str) -> str | None:
    """The extension of a file's name in small letters, without its dot."""
    stem, dot, extension = name.rpartition(".")
    return extension.lower() if dot and stem and re.fullmatch(r"[A-Za-z0-9]{1,10}", extension) else None


def name_in_address(address: str) -> str:
    """The file name at the end of an address, as it is written there."""
    path = address.partition("#")[0].partition("?")[0].partition("://")[2]
    return unquote(path.rpartition("/")[2]) if "/" in path else ""


def safe_name(raw: str, otherwise: str) -> str:
    """A name that is only a name: no path, no control or direction characters, no device, not too long."""
    plain = unicodedata.normalize("NFC", raw.encode("utf-8", "ignore").decode())
    last = re.split(r"[\\/]", plain)[-1]
    visible = "".join(each for each in last if unicodedata.category(each) not in _INVISIBLE)
    name = _NOT_IN_NAMES.sub("_", visible).strip(" .")
    if not name:
        return otherwise
    if _DEVICES.match(name):
        name = "_" + name
    if len(name) <= MAX_NAME_LENGTH:
        return name
    extension = extension_of(name)
    ending = f".{extension}" if extension else ""
    return name[: MAX_NAME_LENGTH - len(ending)].rstrip(" .") + ending
