"""The names that a subject may have."""

import unicodedata

from facegrid.errors import InvalidSubject

MAX_SUBJECT_BYTES = 256

_BREAKS = {"Cc", "Zl", "Zp"}
"""Categories of control characters, and of line and paragraph separators, which break a line of output too."""
_TURNS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
"""Bidirectional classes of characters that change the direction of the text after them: a name could look like another
(Unicode Technical Report 36, section 2.5). Scripts that run from right to left need none of them in a name."""


def normal_subject(name: str) -> str:
    """Returns the name in Unicode's normal form NFC, in which it is stored.

    Raises:
        InvalidSubject: The name is empty, has more than `MAX_SUBJECT_BYTES` bytes of UTF-8, a control
            character, half of a surrogate pair, or white space at an end.
    """
    try:
        normal = unicodedata.normalize("NFC", name)
        size = len(normal.encode())
    except UnicodeEncodeError as err:
        raise InvalidSubject(f"the subject's name has half of a surrogate pair at {err.start}") from err
    if not 1 <= size <= MAX_SUBJECT_BYTES:
        raise InvalidSubject(f"the subject's name has {size} bytes, allowed are 1 to {MAX_SUBJECT_BYTES}")
    for position, character in enumerate(normal):
        if unicodedata.category(character) in _BREAKS or unicodedata.bidirectional(character) in _TURNS:
            raise InvalidSubject(
                f"the subject's name has the control character U+{ord(character):04X} at {position}, allowed is none"
            )
    if normal != normal.strip():
        raise InvalidSubject("the subject's name has white space at an end, allowed is none")
    return normal
