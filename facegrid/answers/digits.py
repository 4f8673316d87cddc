"""Generated digits: what `generate` and `discriminate` take and return."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import os

    import numpy as np
    from numpy.typing import NDArray

    DigitSource = str | os.PathLike[str] | bytes | NDArray[np.uint8]
else:
    # At run time this only stands in annotations; naming numpy here would load it.
    DigitSource = Any
"""A path or the bytes of a PNG file of 28 x 28 grey pixels, or an array uint8 [28, 28]: white digits on black."""

Labels = int | Sequence[int] | Mapping[int, float]
"""A digit from 0 to 9; several of equal weight; or weights, at least 0, by digit. Only their ratios matter."""


@dataclass(frozen=True, slots=True, eq=False)
class GeneratedDigit:
    """A picture of a digit, or of a blend of digits, with its noise and labels."""

    index: int
    """Its number within the call, from 0. The same seed and number have the same noise in every call."""
    image: "NDArray[np.uint8]" = field(repr=False)
    """uint8 [28, 28]: 0 black, 255 white."""
    noise: "NDArray[np.float32]" = field(repr=False)
    """float32 [64]; sent back as `noise`, with the same labels, it makes the same picture again."""
    labels: "NDArray[np.float32]"
    """float32 [10]: the weight of each digit, range [0, 1], together 1."""


@dataclass(frozen=True, slots=True, eq=False)
class Discriminations:
    """How real the discriminator finds pictures, given their labels."""

    logits: "NDArray[np.float32]"
    """float32 [N], unbounded; above 0 is judged real."""
    probabilities: "NDArray[np.float32]"
    """float32 [N], range [0, 1]: 1 / (1 + exp(-logit))."""
