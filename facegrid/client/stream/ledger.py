"""Who is waiting for what in one streaming call: the bookkeeping of both clients.

    iterable -> admit -> (encode) -> request ... wire ... answer -> item

An item is unanswered from `request` to `answer`. Nothing here waits or locks; the callers do.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

from facegrid.answers.faces import AnySourceT, StreamItem
from facegrid.client.status import broken_stream, error_of_item
from facegrid.errors import FacegridError, InternalError, InvalidOption

ItemT = TypeVar("ItemT", bound=StreamItem[Any, Any])


@dataclass(frozen=True)
class Form(Generic[AnySourceT, ItemT]):
    """What tells one streaming method from another."""

    method: str
    """Its name in the proto."""
    message: Any
    """The class of the messages that are sent."""
    encode: Callable[[AnySourceT], Any]
    """Returns the request for a source; may take its time, and raise FacegridError or OSError."""
    read: Callable[[Any], Any]
    """Returns the result in a response; may raise FacegridError."""
    item: Callable[..., ItemT]
    """The class of what is yielded, a `StreamItem`."""

    def end(self) -> Any:
        """Returns the explicit last message: a service cannot tell a cancelled call from a finished one."""
        return self.message(end=self.message.End())


@dataclass(frozen=True)
class Admitted(Generic[AnySourceT]):
    """An item that was read from the iterable."""

    index: int
    source: AnySourceT
    started_s: float


class Ledger(Generic[AnySourceT, ItemT]):
    """The items of one call, by the ids that were given to them here.

    Args:
        form: Of the call's messages.
        request_id: Of the call, for its errors.
    """

    def __init__(self, form: Form[AnySourceT, ItemT], request_id: str) -> None:
        self.form = form
        self._request_id = request_id
        self._unanswered: dict[str, Admitted[AnySourceT]] = {}
        self._admitted = 0
        self._sent = 0
        self.ended = False

    @property
    def unanswered(self) -> int:
        """Number of items that were sent and have no answer yet."""
        return len(self._unanswered)

    def admit(self, source: AnySourceT) -> Admitted[AnySourceT]:
        """Returns the next item, numbered in the order of the iterable."""
        item = Admitted(self._admitted, source, time.monotonic())
        self._admitted += 1
        return item

    def request(self, item: Admitted[AnySourceT], encoded: Any) -> Any:
        """Returns the message that sends the item, as `Form.encode` gave it; from here on it is unanswered."""
        item_id = str(item.index)
        self._unanswered[item_id] = item
        self._sent += 1
        return self.form.message(item=self.form.message.Item(id=item_id, request=encoded))

    def refused(self, item: Admitted[AnySourceT], error: FacegridError | OSError) -> ItemT:
        """Returns the answer to an item that could not even be sent."""
        return self._answered(item, None, error)

    def answer(self, response: Any) -> ItemT | None:
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
        if kind != "response":
            return self._answered(item, None, error_of_item(response.error, self._request_id))
        try:
            return self._answered(item, self.form.read(response.response), None)
        except FacegridError as err:
            return self._answered(item, None, err)

    def broken(self, cause: FacegridError | None) -> FacegridError:
        """Returns the error for a call that is over without its end, by its cause; None is an orderly close."""
        count = f"{self.unanswered} of the {self._sent} pictures sent are unanswered"
        return broken_stream(cause, count, self._request_id)

    def _end(self, items: int) -> None:
        if self._unanswered or items != self._sent:
            raise InternalError(
                f"the service ended the stream after {items} answers, {self._sent} pictures were sent "
                f"and {self.unanswered} are unanswered"
            )
        self.ended = True

    def _answered(self, item: Admitted[AnySourceT], result: Any, error: FacegridError | OSError | None) -> ItemT:
        return self.form.item(item.index, item.source, result, error, time.monotonic() - item.started_s)


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
        TypeError: it is a path, bytes or the pixels of a picture, whose items are letters, numbers and rows.
    """
    # An array of four dimensions is a list of pictures; one of objects may be anything.
    is_pixels = isinstance(images, np.ndarray) and images.dtype != object and images.ndim < 4
    if is_pixels or isinstance(images, (str, bytes, bytearray, memoryview, os.PathLike)):
        raise TypeError(f"expected a list of images, got one {type(images).__name__}; wrap it in a list")
