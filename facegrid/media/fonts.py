"""A font for a name in any script, and a legible stand-in where this machine has none."""

import os
import re
import sys
import unicodedata
import warnings
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from PIL import ImageFont, features

Font = ImageFont.ImageFont | ImageFont.FreeTypeFont

_FOLDERS = {
    "linux": ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts"),
    "darwin": ("/System/Library/Fonts", "/Library/Fonts", "~/Library/Fonts"),
    "win32": (r"C:\Windows\Fonts", r"~\AppData\Local\Microsoft\Windows\Fonts"),
}
_SUFFIXES = (".ttf", ".otf", ".ttc", ".otc")
_LAST_RESORT = "lastresort"
"""A font of macOS that has a box for every letter."""
_OTHER_STYLES = (
    "bold",
    "italic",
    "oblique",
    "mono",
    "condensed",
    "narrow",
    "thin",
    "light",
    "black",
    "medium",
    "serif",
)
_PLAIN_STYLES = ("sans-regular", "sans.ttf", "notosans-", "regular")
_PROBE_PX = 24
_NO_LETTER = "\U0010ffff"
"""No font has it, so it is drawn as what stands for a missing letter."""

_LATIN = {
    "ß": "ss",
    "æ": "ae",
    "Æ": "AE",
    "œ": "oe",
    "Œ": "OE",
    "ø": "o",
    "Ø": "O",
    "ł": "l",
    "Ł": "L",
    "đ": "d",
    "Đ": "D",
    "ð": "d",
    "Ð": "D",
    "þ": "th",
    "Þ": "Th",
    "\u0131": "i",
    "ħ": "h",
    "Ħ": "H",
}
"""Letters that have no parts in Unicode."""

_VARIATION = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
"""Selectors of a letter's shape, as behind an emoji."""
_WITHOUT_INK = {"Cc", "Cf", "Zs", "Zl", "Zp"}
_DIRECTION_RIGHT_TO_LEFT = {"R", "AL"}


class MissingLetters(UserWarning):
    """Letters of a name are drawn as something else; the message says which, and what would help."""


def fit(text: str) -> tuple[str, "FontChoice"]:
    """Returns the text as it can be drawn here, and the font for it.

    Letters that no font has are replaced by Latin ones, or by their code where they have no such name.

    Warns:
        MissingLetters: The text is not drawn as it is written.
    """
    text = _VARIATION.sub("", unicodedata.normalize("NFC", text))
    choice = _best(frozenset(filter(_is_drawn, text)))
    drawn = "".join(_stand_in(letter) if letter in choice.missing else letter for letter in text).strip()
    if drawn != text:
        warnings.warn(
            f"no font on this machine has all letters of {text!r}; it is drawn as {drawn!r}. "
            "Install one that has them, such as Noto Sans (CJK)",
            MissingLetters,
            stacklevel=2,
        )
    elif any(unicodedata.bidirectional(letter) in _DIRECTION_RIGHT_TO_LEFT for letter in drawn) and not _has_raqm():
        warnings.warn(
            f"{text!r} is drawn from left to right: Pillow lacks raqm here; install libfribidi0",
            MissingLetters,
            stacklevel=2,
        )
    return drawn, choice


class FontChoice:
    """A font file, or Pillow's own font.

    Args:
        path: None: Pillow's own, which has the letters of ASCII.
        missing: Letters that it lacks.
    """

    def __init__(self, path: Path | None, missing: frozenset[str]) -> None:
        self.path = path
        self.missing = missing

    def at(self, size_px: float) -> Font:
        """Returns the font in a size."""
        if self.path is None:
            return ImageFont.load_default(size_px)
        return ImageFont.truetype(str(self.path), size_px)


def _is_drawn(letter: str) -> bool:
    """Returns whether a letter leaves ink; others are in no need of a font."""
    return not letter.isascii() and unicodedata.category(letter) not in _WITHOUT_INK


@lru_cache(maxsize=1024)
def _best(letters: frozenset[str]) -> FontChoice:
    if not letters:
        return FontChoice(None, letters)
    best = FontChoice(None, letters)
    for path in _installed():
        missing = _missing(path, letters)
        if len(missing) < len(best.missing):
            best = FontChoice(path, missing)
        if not missing:
            break
    return best


def _missing(path: Path, letters: Iterable[str]) -> frozenset[str]:
    """Returns the letters that a font draws like one that no font has."""
    try:
        font = ImageFont.truetype(str(path), _PROBE_PX)
        if not _ink(font, "a"):  # a font of symbols alone, which also lacks the letters of ASCII beside them
            return frozenset(letters)
        no_letter = _ink(font, _NO_LETTER)
        return frozenset(letter for letter in letters if _ink(font, letter) in (no_letter, b""))
    except (OSError, ValueError):  # not a font that FreeType reads
        return frozenset(letters)


def _ink(font: ImageFont.FreeTypeFont, letter: str) -> bytes:
    mask = font.getmask(letter)
    return bytes(mask) if any(mask) else b""


@lru_cache(maxsize=1)
def _installed() -> tuple[Path, ...]:
    """Returns the font files of this machine, plain styles first."""
    return tuple(sorted(_walk(), key=lambda path: (_rank(path.name.lower()), str(path))))


def _walk() -> Iterator[Path]:
    folders = [*_FOLDERS.get(sys.platform, _FOLDERS["linux"])]
    if data_home := os.environ.get("XDG_DATA_HOME"):
        folders.append(f"{data_home}/fonts")
    for folder in folders:
        for parent, _, names in os.walk(Path(folder).expanduser(), followlinks=True):
            yield from (
                Path(parent, name)
                for name in names
                if name.lower().endswith(_SUFFIXES) and not name.lower().startswith(_LAST_RESORT)
            )


def _rank(name: str) -> tuple[int, int]:
    return (
        sum(style in name for style in _OTHER_STYLES),
        next((place for place, style in enumerate(_PLAIN_STYLES) if style in name), len(_PLAIN_STYLES)),
    )


def _stand_in(letter: str) -> str:
    """Returns Latin letters that stand for another: "e" for an e with an accent, "GIM" for the Hangul syllable.

    Unicode has no sounds for ideographs; the package anyascii has, where it is installed.
    """
    plain = "".join(part for part in unicodedata.normalize("NFKD", letter) if part.isascii())
    if plain:
        return plain
    if letter in _LATIN or unicodedata.combining(letter):
        return _LATIN.get(letter, "")
    name = unicodedata.name(letter, "")
    if find_spec("anyascii") is not None:
        return f"{import_module('anyascii').anyascii(letter)}"
    if "IDEOGRAPH" in name or name.startswith("LATIN") or " " not in name:
        return f"U+{ord(letter):04X} "
    sound = name.rsplit(" ", 1)[-1]
    return sound if "CAPITAL" in name or "SMALL" not in name else sound.lower()


@lru_cache(maxsize=1)
def _has_raqm() -> bool:
    return bool(features.check("raqm"))
