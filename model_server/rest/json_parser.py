"""From the body of a REST request to a JSON object, with tensorflow_model_server's own parser, RapidJSON.

The same parser accepts the same documents and gives the same text and offset of an error. NaN, Infinity and
-Infinity are numbers. Stricter than upstream: strings are UTF-8, and no object has a key twice.
"""

import re
from collections import Counter

import rapidjson

from model_server.rest import texts
from model_server.rest.json_values import Json

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_ERROR = re.compile(r"Parse error at offset (\d+): (.*)", re.DOTALL)


class _RepeatedKey(ValueError):
    """An object has a key twice."""


class _UniqueKeysDecoder(rapidjson.Decoder):
    """Builds objects from their pairs, so that a repeated key is seen."""

    def start_object(self) -> list[tuple[str, Json]]:
        """Makes the parser collect pairs."""
        return []

    def end_object(self, pairs: list[tuple[str, Json]]) -> dict[str, Json]:
        """Returns the object."""
        members = dict(pairs)
        if len(members) != len(pairs):
            ((key, _),) = Counter(key for key, _ in pairs).most_common(1)
            raise _RepeatedKey(key)
        return members


_DECODER = _UniqueKeysDecoder(number_mode=rapidjson.NM_NATIVE | rapidjson.NM_NAN)


def parse_object(body: bytes) -> dict[str, Json]:
    """Returns the object that a body holds. Whole numbers that do not fit 64 bits are floats.

    Raises:
        ServingError: It is not JSON, is nested too deep, or is not an object.
    """
    if not body:
        raise texts.empty_document()
    try:
        body.decode()
        document = _DECODER(body.removeprefix(_BYTE_ORDER_MARK))
    except UnicodeDecodeError as error:
        raise texts.parse_error("Invalid encoding in string.", error.start) from error
    except _RepeatedKey as error:
        raise texts.repeated_key(str(error)) from error
    except RecursionError as error:
        raise texts.nested_too_deep() from error
    except rapidjson.JSONDecodeError as error:
        match = _ERROR.fullmatch(str(error))
        offset, reason = match.groups() if match else ("0", str(error))
        # Newer versions of the parser than upstream's put brackets in quotes.
        raise texts.parse_error(re.sub(r"'([]}])'", r"\1", reason), int(offset)) from error
    if not isinstance(document, dict):
        raise texts.malformed(document, "Is not object")
    return document
