"""The value of --grpc_channel_arguments, parsed."""

import re

from model_server.grpc import texts


def channel_arguments(text: str) -> tuple[tuple[str, int | str], ...]:
    """Returns the pairs of --grpc_channel_arguments; a value that is a 32-bit integer is one.

    Raises:
        ServingError: An item is not key=value (upstream's behaviour is undefined then).
    """
    pairs: list[tuple[str, int | str]] = []
    for item in filter(None, text.split(",")):
        key, equals, value = item.partition("=")
        if not equals:
            raise texts.invalid_channel_argument(item)
        is_number = re.fullmatch(r"[+-]?\d+", value) and -(2**31) <= int(value) < 2**31
        pairs.append((key, int(value) if is_number else value))
    return tuple(pairs)
