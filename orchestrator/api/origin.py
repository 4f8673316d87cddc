"""Where a request comes from, as the metadata of its call say."""

import re
from collections.abc import Iterable

from orchestrator.observer import Origin

REQUEST_ID = "x-request-id"
"""Metadata with the caller's id of a request, which the answer's metadata repeat."""

_TRACE = ("traceparent", "tracestate")
_ID = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")
_LONGEST_TRACE = 512


def origin_of(metadata: Iterable[tuple[str, str | bytes]] | None) -> Origin:
    """Returns the origin that these metadata tell; what is missing is made up, and so is an id that is no word.

    Ids are written to logs, so that no line break or control character may be in one.
    """
    given = {key: value for key, value in metadata or () if isinstance(value, str)}
    trace = {name: given[name] for name in _TRACE if name in given and len(given[name]) <= _LONGEST_TRACE}
    request_id = given.get(REQUEST_ID, "")
    if _ID.fullmatch(request_id):
        return Origin(request_id, trace)
    return Origin(trace=trace)
