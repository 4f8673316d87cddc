"""The part of the client for asyncio that draws digits, the twin of `_generating.py`."""

from collections.abc import AsyncGenerator, Iterable
from typing import TYPE_CHECKING

from facegrid.client import calls
from facegrid.client.aio_connection import AsyncConnection
from facegrid.client.calls import AnswerT, Call
from facegrid.client.request_ids import identified
from facegrid.client.status import raised_as_facegrid_errors
from facegrid.client.wire.digits import stacked

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from facegrid.answers.digits import DigitSource, Discriminations, GeneratedDigit, Labels


class AsyncGeneratingConnection(AsyncConnection):
    """A connection that can ask GeneratorService."""

    async def generate(
        self,
        labels: "Labels",
        count: int = 1,
        seed: int = 0,
        *,
        truncation: float | None = None,
        noise: "ArrayLike | None" = None,
        timeout_s: float | None = None,
    ) -> "NDArray[np.uint8]":
        """Returns pictures of a digit, uint8 [count, 28, 28]; see `Client.generate`."""
        digits = self.generate_each(labels, count, seed, truncation=truncation, noise=noise, timeout_s=timeout_s)
        return stacked([digit.image async for digit in digits], count)

    def generate_each(
        self,
        labels: "Labels",
        count: int = 1,
        seed: int = 0,
        *,
        truncation: float | None = None,
        noise: "ArrayLike | None" = None,
        timeout_s: float | None = None,
    ) -> "AsyncGenerator[GeneratedDigit, None]":
        """Yields a `GeneratedDigit` for each picture; see `Client.generate_each`.

        To leave the loop early, wrap the generator in `contextlib.aclosing`, which cancels the call at once.
        """
        call = calls.generate(labels, count, seed, truncation=truncation, noise=noise, timeout_s=timeout_s)
        self._require_open()
        return self._each(call)

    async def discriminate(
        self,
        images: "DigitSource | Iterable[DigitSource] | NDArray[np.uint8]",
        labels: "Labels",
        *,
        timeout_s: float | None = None,
    ) -> "NDArray[np.float32]":
        """Returns how real the discriminator finds pictures; see `Client.discriminate`."""
        return (await self.discriminate_detailed(images, labels, timeout_s=timeout_s)).probabilities

    async def discriminate_detailed(
        self,
        images: "DigitSource | Iterable[DigitSource] | NDArray[np.uint8]",
        labels: "Labels",
        *,
        timeout_s: float | None = None,
    ) -> "Discriminations":
        """Returns logits, too; see `Client.discriminate_detailed`."""
        return await self._ask(calls.discriminate, images, labels, timeout_s)

    async def _each(self, call: Call[Iterable[AnswerT]]) -> AsyncGenerator[AnswerT, None]:
        method, request_id = identified(getattr(self._stub, call.method))
        with raised_as_facegrid_errors(self.target, request_id):
            responses = method(call.request, timeout=call.wait_s)
            try:
                async for response in responses:
                    for answer in call.read(response):
                        yield answer
            finally:
                responses.cancel()
