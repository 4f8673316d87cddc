"""Pictures between two pictures that move ink as little as possible: Wasserstein barycenters.

Solomon et al., "Convolutional Wasserstein Distances", 2015, algorithm 2: Sinkhorn's iteration with a
convolution by a Gaussian in place of the matrix of distances.
"""

import numpy as np
from numpy.typing import NDArray

Light = NDArray[np.float32]

_SIGMA_PX = 1.2
"""Width of the Gaussian: smaller is sharper, and needs more iterations."""
_ITERATIONS = 40
_FLOOR = 1e-5
"""Ink added everywhere, so that nothing is divided by zero."""
_INK_QUANTILE, _DARKEST, _BRIGHTEST = 0.97, 0.25, 0.75
"""Contrast undoes the blur of the Gaussian: less than a quarter of the value at the quantile becomes black, more than
three quarters white."""


def between(first: Light, second: Light, shares: NDArray[np.floating]) -> Light:
    """Returns pictures [N, H, W] from 0 to 1 between two pictures.

    Args:
        first: [N, H, W] from 0 to 1, some of it above 0.
        second: The same.
        shares: [N] in (0, 1): 0 would be the first picture, 1 the second.
    """
    share = shares.astype(np.float32)[:, None, None]
    (p, ink_p), (q, ink_q) = _distribution(first), _distribution(second)
    blur = _gaussian(first.shape[-1])
    v, w = np.ones_like(p), np.ones_like(q)
    middle = p
    for _ in range(_ITERATIONS):
        blurred_p, blurred_q = _blurred(p / _blurred(v, blur), blur), _blurred(q / _blurred(w, blur), blur)
        middle = (v * blurred_p) ** (1 - share) * (w * blurred_q) ** share
        v, w = middle / blurred_p, middle / blurred_q
    return _sharpened(middle * ((1 - share) * ink_p + share * ink_q))


def _distribution(pictures: Light) -> tuple[Light, Light]:
    """Returns pictures with a sum of 1, and their sums before, [N, 1, 1]."""
    ink = (pictures + _FLOOR).sum(axis=(1, 2), keepdims=True)
    return (pictures + _FLOOR) / ink, ink


def _gaussian(side: int) -> Light:
    at = np.arange(side)
    return np.exp(-((at[:, None] - at) ** 2) / (2 * _SIGMA_PX**2)).astype(np.float32)


def _blurred(pictures: Light, gaussian: Light) -> Light:
    """Returns pictures blurred in both directions; the Gaussian is symmetric."""
    rows = pictures @ gaussian
    return np.swapaxes(np.swapaxes(rows, 1, 2) @ gaussian, 1, 2)


def _sharpened(pictures: Light) -> Light:
    ink = np.quantile(pictures, _INK_QUANTILE, axis=(1, 2), keepdims=True)
    contrast: Light = (pictures / ink - _DARKEST) / (_BRIGHTEST - _DARKEST)
    return np.clip(contrast, 0, 1).astype(np.float32)
