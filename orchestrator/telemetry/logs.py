"""The format of log entries: text for people, or one JSON object per line for machines."""

import json
import logging
from datetime import UTC, datetime

from orchestrator.telemetry.request import current_request

JSON = "json"

_TEXT_FORM = "%(asctime)s %(levelname)s %(name)s %(message)s"
_OURS = "orchestrator"


def formatter(log_format: str) -> logging.Formatter:
    """Returns the formatter of this format."""
    return JsonFormatter() if log_format == JSON else logging.Formatter(_TEXT_FORM)


class JsonFormatter(logging.Formatter):
    """Writes an entry as a JSON object: time, level, logger, message, the request it belongs to, and its own fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Returns one line."""
        entry: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
        }
        fields = getattr(record, "fields", None)
        if fields is None:
            entry["message"] = record.getMessage()
            request = current_request()
            if request is not None:
                entry["request_id"] = request.origin.request_id
        else:
            entry |= fields
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


class OursElseTheirs(logging.Formatter):
    """Writes our own entries in our format, and other entries with the handler's former formatter."""

    def __init__(self, ours: logging.Formatter, theirs: logging.Formatter | None) -> None:
        super().__init__()
        self._ours = ours
        self._theirs = theirs or logging.Formatter()

    def format(self, record: logging.LogRecord) -> str:
        """Returns the entry's text."""
        ours = record.name == _OURS or record.name.startswith(f"{_OURS}.")
        return (self._ours if ours else self._theirs).format(record)


def log_to_stderr(log_format: str, level: str) -> None:
    """Sends all entries from `level` on to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(formatter(log_format))
    logging.basicConfig(level=level, handlers=[handler])


def log_with(handlers: list[logging.Handler], log_format: str, level: str) -> None:
    """Sends our entries from `level` on to the handlers of a host, in our format if that is JSON."""
    ours = logging.getLogger(_OURS)
    ours.setLevel(level)
    ours.handlers = list(handlers)
    if log_format != JSON:
        return
    for handler in handlers:
        writer = getattr(handler, "target", None) or handler  # of a handler that buffers, the one that writes
        if not isinstance(writer.formatter, OursElseTheirs):
            writer.setFormatter(OursElseTheirs(JsonFormatter(), writer.formatter))
