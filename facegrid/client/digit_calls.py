"""The part of the client for threads that draws digits, and judges them."""

from collections.abc import Generator, Iterable
from typing import TYPE_CHECKING

from facegrid.client import calls
from facegrid.client.calls import AnswerT, Call
from facegrid.client.connection import Connection
from facegrid.client.request_ids import identified
from facegrid.client.status import raised_as_facegrid_errors
from facegrid.client.wire.digits import stacked

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from facegrid.answers.digits import DigitSource, Discriminations, GeneratedDigit, Labels


class GeneratingConnection(Connection):
    """A connection that can ask GeneratorService."""

    def generate(
        self,
        labels: "Labels",
        count: int = 1,
        seed: int = 0,
        *,
        truncation: float | None = None,
        noise: "ArrayLike | None" = None,
        timeout_s: float | None = None,
    ) -> "NDArray[np.uint8]":
        """Returns pictures of a digit, uint8 [count, 28, 28]: 0 black, 255 white.

        Several labels give pictures that are all of them at once. Picture i of a seed has the same noise in every
        call, whatever the labels and the count.

        Args:
            labels: A digit; several, in equal parts; or weights by digit, such as {0: 0.3, 8: 0.7}.
            count: Range [1, 10000], or what the service is set to.
            seed: Range [0, 2^63 - 1].
            truncation: Noise farther from 0 is drawn anew: less variety, fewer odd pictures. Range [0.5, 10].
            noise: Instead of the seed's, [count, 64]; range of each number [-10, 10].
            timeout_s: Time the service may spend on all pictures; None is the service's default.

        Raises:
            InvalidLabels: not digits, or weights that no share can be made of.
            InvalidOption: another value out of its range.
            FacegridError: see `Client`.
        """
        digits = self.generate_each(labels, count, seed, truncation=truncation, noise=noise, timeout_s=timeout_s)
        return stacked([digit.image for digit in digits], count)

    def generate_each(
        self,
        labels: "Labels",
        count: int = 1,
        seed: int = 0,
        *,
        truncation: float | None = None,
        noise: "ArrayLike | None" = None,
        timeout_s: float | None = None,
    ) -> "Generator[GeneratedDigit, None, None]":
        """Yields a `GeneratedDigit` for each picture, in their order; takes and raises what `generate` does.

        The service computes little ahead of the loop, and nothing any more when the generator is closed or
        collected. `timeout_s` includes the time that the loop takes.
        """
        call = calls.generate(labels, count, seed, truncation=truncation, noise=noise, timeout_s=timeout_s)
        self._require_open()
        return self._each(call)

    def discriminate(
        self,
        images: "DigitSource | Iterable[DigitSource] | NDArray[np.uint8]",
        labels: "Labels",
        *,
        timeout_s: float | None = None,
    ) -> "NDArray[np.float32]":
        """Returns how real the discriminator finds pictures, given what they show: float32 [N], range [0, 1].

        Args:
            images: Paths or bytes of PNG files of 28 x 28 grey pixels, or arrays uint8 [28, 28]; one or many, or one
                array [N, 28, 28].
            labels: As for `generate`; the same for all pictures.
            timeout_s: Time the service may spend on all pictures; None is the service's default.

        Raises:
            InvalidImage: not a picture of a digit's size; the message says which.
            InvalidLabels: see `generate`.
            FacegridError: see `Client`.
            OSError: a path cannot be read.
        """
        return self.discriminate_detailed(images, labels, timeout_s=timeout_s).probabilities

    def discriminate_detailed(
        self,
        images: "DigitSource | Iterable[DigitSource] | NDArray[np.uint8]",
        labels: "Labels",
        *,
        timeout_s: float | None = None,
    ) -> "Discriminations":
        """Returns logits, too; takes and raises what `discriminate` does."""
        return self._ask(calls.discriminate(images, labels, timeout_s))

    def _each(self, call: Call[Iterable[AnswerT]]) -> Generator[AnswerT, None, None]:
        method, request_id = identified(getattr(self._stub, call.method))
        with raised_as_facegrid_errors(self.target, request_id):
            responses = method(call.request, timeout=call.wait_s)
            try:
                for response in responses:
                    yield from call.read(response)
            finally:
                responses.cancel()
