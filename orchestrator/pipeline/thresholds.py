"""The rate of pairs of different people within a threshold, and the threshold of a rate.

Rates are measured over all pairs of pictures of different people (docs/accuracy.md), and interpolated linearly in their
logarithm between the thresholds at which they were.
"""

import math

import numpy as np

FALSE_MATCH_RATES: dict[int, tuple[tuple[float, float], ...]] = {
    1: (
        (0.400, 4.84e-6),
        (0.425, 1.53e-5),
        (0.450, 4.50e-5),
        (0.475, 1.13e-4),
        (0.500, 2.70e-4),
        (0.525, 5.98e-4),
        (0.550, 1.30e-3),
        (0.575, 2.87e-3),
        (0.600, 6.24e-3),
        (0.625, 1.32e-2),
        (0.650, 2.68e-2),
        (0.675, 5.05e-2),
        (0.700, 8.83e-2),
        (0.725, 1.44e-1),
        (0.750, 2.17e-1),
        (0.775, 3.06e-1),
        (0.800, 4.08e-1),
    ),
    2: (
        (0.410, 5.55e-5),
        (0.425, 1.07e-4),
        (0.450, 3.96e-4),
        (0.475, 1.04e-3),
        (0.500, 2.76e-3),
        (0.525, 6.91e-3),
        (0.550, 1.49e-2),
        (0.575, 2.98e-2),
        (0.600, 5.52e-2),
        (0.625, 9.50e-2),
        (0.650, 1.51e-1),
        (0.675, 2.24e-1),
        (0.700, 3.10e-1),
        (0.725, 4.04e-1),
        (0.750, 5.03e-1),
    ),
}
"""By embedder version: greatest distance in its metric, and the share of pairs of different people within it.
Of Labeled Faces in the Wild: for version 1 2,687,149 pairs of 2,320 pictures, for version 2 270,298 of 737, of people
it was not trained on. The first lines rest on 13 and 15 pairs."""

VERIFY_FALSE_MATCH_RATE = 0.005
"""The rate of the default threshold of Verify: 1 in 200 pairs of strangers, for 1 in 30 pairs of one person missed."""

IDENTIFY_FALSE_MATCH_RATES = {1: 0.0005, 2: 0.0001}
"""By embedder version, the rate of the default threshold of Identify, for each face that a face is compared with. With
version 1, among 20 people with two pictures each, 1 stranger in 100 is named. Version 2 confuses people that version 1
does not, and its rates rest on fewer pairs: at its default none of ten strangers is named in 19 of 20 such galleries
(docs/accuracy.md)."""


def false_match_rate(threshold: float, version: int) -> float | None:
    """Returns the share of pairs of different people that are at most `threshold` apart, in [0, 1].

    Args:
        threshold: In the metric of the embedder.
        version: Of the embedder.

    Returns:
        None if the threshold is outside the measured range, or nothing was measured.
    """
    if version not in FALSE_MATCH_RATES:
        return None
    thresholds, rates = np.array(FALSE_MATCH_RATES[version]).T
    if not thresholds[0] <= threshold <= thresholds[-1]:
        return None
    return float(np.exp(np.interp(threshold, thresholds, np.log(rates))))


def threshold_of(rate: float, version: int) -> float | None:
    """Returns the greatest threshold at which at most `rate` of the pairs of different people match.

    Below the least rate that was measured the line is continued. There real rates fall faster, so that the
    threshold is on the safe side. Above the greatest the greatest measured threshold is returned.

    Args:
        rate: Above 0.
        version: Of the embedder.

    Returns:
        None if nothing was measured for this version.
    """
    if version not in FALSE_MATCH_RATES:
        return None
    thresholds, rates = np.array(FALSE_MATCH_RATES[version]).T
    logs = np.log(rates)
    if rate < rates[0]:
        slope = (thresholds[1] - thresholds[0]) / (logs[1] - logs[0])
        return float(max(0.0, thresholds[0] + slope * (math.log(rate) - logs[0])))
    return float(np.interp(math.log(rate), logs, thresholds))


def false_positive_rate(match_rate: float, gallery_faces: int) -> float:
    """Returns the share of strangers who match at least one face of a gallery, in [0, 1].

    Comparisons are taken as independent, each wrong with `match_rate`: 1 - (1 - rate) ** faces. Faces of one subject
    are not quite independent, so this is an overestimate (Grother and Phillips, "Models of Large Population Recognition
    Performance", CVPR 2004).
    """
    return -math.expm1(gallery_faces * math.log1p(-match_rate)) if match_rate < 1 else float(gallery_faces > 0)


def match_rate_for(positive_rate: float, gallery_faces: int) -> float:
    """Returns the rate for each comparison at which `positive_rate` of strangers match a gallery; its inverse."""
    return -math.expm1(math.log1p(-positive_rate) / max(gallery_faces, 1))
