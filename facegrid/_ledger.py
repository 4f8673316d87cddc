"""Who is waiting for what in one DetectStream call: the bookkeeping of both clients.

    iterable -> admit -> (encode) -> request ... wire ... answer -> DetectedItem

An item is unanswered from `request` to `answer`. Nothing here waits or locks; the callers do.
"""

import time
from dataclasses import dataclass
from typing import Generic

from facegrid._messages import detection_of
from facegrid._status import error_of_item
from facegrid.errors import FacegridError, InternalError, InvalidOption, Unavailable
from facegrid.types import DetectedItem, Detection, SourceT
from facegrid.v1 import detect_pb2 as pb
from facegrid.v1 import face_pb2

END = pb.DetectStreamRequest(end=pb.DetectStreamRequest.End())
"""The caller's explicit last message: a service cannot tell a cancelled call from a finished one."""


@dataclass(frozen=True)
class Admitted(Generic[SourceT]):
    """An item that was read from the iterable."""

    index: int
    source: SourceT
    started_s: float


class Ledger(Generic[SourceT]):
    """The items of one call, by the ids that were given to them here."""

    def __init__(self, options: face_pb2.DetectOptions, timeout_ms: int) -> None:
        self._options = options
        self._timeout_ms = timeout_ms
        self._unanswered: dict[str, Admitted[SourceT]] = {}
        self._admitted = 0
        self._sent = 0
        self.ended = False

    @property
    def unanswered(self) -> int:
        """Number of items that were sent and have no answer yet."""
        return len(self._unanswered)

    def admit(self, source: SourceT) -> Admitted[SourceT]:
        """Returns the next item, numbered in the order of the iterable."""
        item = Admitted(self._admitted, source, time.monotonic())
        self._admitted += 1
        return item

    def request(self, item: Admitted[SourceT], image: bytes) -> pb.DetectStreamRequest:
        """Returns the message that sends the item; from here on it is unanswered."""
        item_id = str(item.index)
        self._unanswered[item_id] = item
        self._sent += 1
        request = pb.DetectRequest(image=image, options=self._options, timeout_ms=self._timeout_ms)
        return pb.DetectStreamRequest(item=pb.DetectStreamRequest.Item(id=item_id, request=request))

    def refused(self, item: Admitted[SourceT], error: FacegridError | OSError) -> DetectedItem[SourceT]:
        """Returns the answer to an item that could not even be sent."""
        return _answered(item, None, error)

    def answer(self, response: pb.DetectStreamResponse) -> DetectedItem[SourceT] | None:
        """Returns the item that the service answers, or None where it says that it has answered all.

        Raises:
            InternalError: an answer to an item that is not waiting for one, or an end while items are.
        """
        kind = response.WhichOneof("message")
        if kind == "end":
            self._end(response.end.items)
            return None
        item = self._unanswered.pop(response.id, None)
        if item is None:
            raise InternalError(f"the service answered item {response.id!r}, which is not waiting for an answer")
        if kind == "response":
            return _answered(item, detection_of(response.response), None)
        return _answered(item, None, error_of_item(response.error))

    def broken(self, cause: FacegridError | None) -> FacegridError:
        """Returns the error for a call that is over without its end, by its cause; None is an orderly close."""
        count = f"{self.unanswered} of the {self._sent} pictures sent are unanswered"
        if cause is None:
            return Unavailable(f"the service closed the stream before its end; {count}")
        return type(cause)(f"{cause.message}; {count}")

    def _end(self, items: int) -> None:
        if self._unanswered or items != self._sent:
            raise InternalError(
                f"the service ended the stream after {items} answers, {self._sent} pictures were sent "
                f"and {self.unanswered} are unanswered"
            )
        self.ended = True


def check_window(window: int) -> None:
    """Checks the bound on unanswered items.

    Raises:
        InvalidOption: it is not a whole number of at least 1.
    """
    if not isinstance(window, int) or window < 1:
        raise InvalidOption(f"window must be a whole number of at least 1, got {window!r}")


def check_many(images: object) -> None:
    """Checks that `images` is a collection of pictures rather than one of them.

    Raises:
        TypeError: it is a path or bytes, whose items are letters and numbers.
    """
    if isinstance(images, (str, bytes, bytearray, memoryview)):
        raise TypeError(f"detect_many takes an iterable of images, got one {type(images).__name__}; wrap it in a list")


def _answered(
    item: Admitted[SourceT], detection: Detection | None, error: FacegridError | OSError | None
) -> DetectedItem[SourceT]:
    elapsed_s = time.monotonic() - item.started_s
    return DetectedItem(item.index, item.source, detection, error, elapsed_s)
