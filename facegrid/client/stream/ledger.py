"""Which items of a streaming call wait for an answer: the bookkeeping of both clients.

    iterable -> admit -> encode -> sent ... wire ... answer -> item

An item is unanswered from `sent` to `answer`. Nothing here waits or locks; the callers do.
"""

import os
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from google.protobuf.message import Message

from facegrid.answers.faces import AnySourceT
from facegrid.client.calls import ItemT, StreamRpc
from facegrid.client.status import broken_stream, error_of_item
from facegrid.client.stream.size import MAX_PX_UNDER_WAY, request_px
from facegrid.errors import FacegridError, InternalError, InvalidOption
from facegrid.v1 import detect_pb2, embed_pb2, enroll_pb2, identify_pb2

AnyItemT = TypeVar("AnyItemT")
"""What is yielded for one item of a call."""

StreamResponse = (
    detect_pb2.DetectStreamResponse
    | embed_pb2.EmbedStreamResponse
    | enroll_pb2.EnrollStreamResponse
    | identify_pb2.IdentifyStreamResponse
)


@dataclass(frozen=True)
class Admitted(Generic[AnySourceT]):
    """An item that was read from the iterable."""

    index: int
    """Its position, from 0."""
    source: AnySourceT
    started_s: float
    """When it was read, on the monotonic clock."""


class Ledger(ABC, Generic[AnySourceT, AnyItemT]):
    """The items of one call.

    Args:
        noun: Names the items in errors.
        request_id: Of the call, for its errors.
    """

    def __init__(self, noun: str, request_id: str) -> None:
        self.ended = False
        """Whether the service has said that it has answered all."""
        self._noun = noun
        self._request_id = request_id
        self._admitted = 0
        self._sent = 0
        self._px: dict[int, int] = {}
        self._px_under_way = 0

    @property
    @abstractmethod
    def unanswered(self) -> int:
        """Number of items that were sent and have no answer yet."""

    def opening(self) -> list[Message]:
        """Returns the messages to be sent before the first item."""
        return []

    @abstractmethod
    def end(self) -> Message:
        """Returns the explicit last message: a service cannot tell a cancelled call from a finished one."""

    def admit(self, source: AnySourceT) -> Admitted[AnySourceT]:
        """Returns the next item, numbered in the order of the iterable."""
        item = Admitted(self._admitted, source, time.monotonic())
        self._admitted += 1
        return item

    @abstractmethod
    def encode(self, item: Admitted[AnySourceT]) -> Message:
        """Returns the message that sends the item. Takes its time, and touches nothing that other threads use.

        Raises:
            FacegridError, OSError: the item cannot be sent.
        """

    def count_px(self, message: Any) -> int:  # noqa: ARG002 - an override's
        """Returns the number of pixels of an item's message that count towards the bound; see `fits`."""
        return 0

    def fits(self, px: int) -> bool:
        """Returns whether an item of so many pixels may be sent now; otherwise the next answer is waited for."""
        return not self.unanswered or self._px_under_way + px <= MAX_PX_UNDER_WAY

    def sent(self, item: Admitted[AnySourceT], px: int = 0) -> None:
        """Notes that an item of so many pixels is about to be sent; from here on it is unanswered."""
        if px:
            self._px[item.index] = px
            self._px_under_way += px
        self._sent += 1
        self._await(item)

    @abstractmethod
    def refused(self, item: Admitted[AnySourceT], error: FacegridError | OSError) -> AnyItemT:
        """Returns the answer to an item that could not even be sent."""

    @abstractmethod
    def answer(self, response: Any) -> AnyItemT | None:
        """Returns the item that a message of the service answers; None for the message that ends the call.

        Raises:
            InternalError: an answer to an item that is not waiting for one, or an end that does not add up.
        """

    def broken(self, cause: FacegridError | None) -> FacegridError:
        """Returns the error for a call that is over without its end, by its cause; None is an orderly close."""
        count = f"{self.unanswered} of the {self._sent} {self._noun} sent are unanswered"
        return broken_stream(cause, count, self._request_id)

    @abstractmethod
    def _await(self, item: Admitted[AnySourceT]) -> None: ...


class PictureLedger(Ledger[AnySourceT, ItemT]):
    """The pictures of one call, by the ids that they are given here.

    Args:
        rpc: The method.
        encode: Makes the request of a source; see `StreamRpc.encoder`.
        request_id: Of the call, for its errors.
    """

    def __init__(
        self, rpc: StreamRpc[..., AnySourceT, ItemT], encode: Callable[[AnySourceT], Message], request_id: str
    ) -> None:
        super().__init__("pictures", request_id)
        self._rpc = rpc
        self._encode = encode
        self._unanswered: dict[str, Admitted[AnySourceT]] = {}

    @property
    def unanswered(self) -> int:
        """See `Ledger`."""
        return len(self._unanswered)

    def end(self) -> Message:
        """See `Ledger`."""
        message: Message = self._rpc.message(end=self._rpc.message.End())
        return message

    def encode(self, item: Admitted[AnySourceT]) -> Message:
        """See `Ledger`."""
        request = self._encode(item.source)
        message: Message = self._rpc.message(item=self._rpc.message.Item(id=str(item.index), request=request))
        return message

    def count_px(self, message: Any) -> int:
        """See `Ledger`."""
        return request_px(message.item.request)

    def refused(self, item: Admitted[AnySourceT], error: FacegridError | OSError) -> ItemT:
        """See `Ledger`."""
        return self._answered(item, None, error)

    def answer(self, response: StreamResponse) -> ItemT | None:
        """See `Ledger`."""
        kind = response.WhichOneof("message")
        if kind == "end":
            self._end(response.end.items)
            return None
        item = self._unanswered.pop(response.id, None)
        if item is None:
            raise InternalError(f"the service answered item {response.id!r}, which is not waiting for an answer")
        self._px_under_way -= self._px.pop(item.index, 0)
        work_s = response.work_ms / 1000 or None
        if kind != "response":
            return self._answered(item, None, error_of_item(response.error, self._request_id), work_s)
        try:
            return self._answered(item, self._rpc.read(response.response), None, work_s)
        except FacegridError as err:
            return self._answered(item, None, err, work_s)

    def _await(self, item: Admitted[AnySourceT]) -> None:
        self._unanswered[str(item.index)] = item

    def _end(self, items: int) -> None:
        if self._unanswered or items != self._sent:
            raise InternalError(
                f"the service ended the stream after {items} answers, {self._sent} pictures were sent "
                f"and {self.unanswered} are unanswered"
            )
        self.ended = True

    def _answered(
        self,
        item: Admitted[AnySourceT],
        result: Any,
        error: FacegridError | OSError | None,
        work_s: float | None = None,
    ) -> ItemT:
        elapsed_s = time.monotonic() - item.started_s
        return self._rpc.item(item.index, item.source, result, error, elapsed_s, work_s)


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
