"""Where a request comes from, by the metadata of its call."""

import re
from collections.abc import Iterable

from orchestrator.observer import Origin

REQUEST_ID = "x-request-id"
"""Name of the metadata with the caller's id of a request, which the answer repeats."""

_TRACE = ("traceparent", "tracestate")
_ID = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")
_LONGEST_TRACE = 512


def origin_of(metadata: Iterable[tuple[str, str | bytes]] | None) -> Origin:
    """Returns the origin of a call. A request id that is missing, or not of the form below, is replaced by a new one.

    Ids are written to logs, so line breaks and control characters must not be in them.
    """
    given = {key: value for key, value in metadata or () if isinstance(value, str)}
    trace = {name: given[name] for name in _TRACE if name in given and len(given[name]) <= _LONGEST_TRACE}
    request_id = given.get(REQUEST_ID, "")
    if _ID.fullmatch(request_id):
        return Origin(request_id, trace)
    return Origin(trace=trace)
