"""The tables of docs/accuracy.md about people, in Markdown."""

from collections.abc import Mapping, Sequence

import numpy as np

from benchmarks.accuracy.recognition.embedders import Vector
from benchmarks.accuracy.recognition.people import LfwPair, PersonPicture, lfw_person
from benchmarks.accuracy.recognition.verification import (
    Comparisons,
    Distances,
    fold_accuracies,
    nearest_person,
    share_within,
)
from orchestrator.pipeline.thresholds import (
    IDENTIFY_FALSE_MATCH_RATES,
    VERIFY_FALSE_MATCH_RATE,
    false_match_rate,
    false_positive_rate,
    threshold_of,
)

Vectors = Mapping[str, Vector | None]
"""The vector of the face of each picture by the picture's name; None if no face was found."""

TABLE = tuple(round(0.30 + 0.02 * step, 2) for step in range(31))
"""Distances of the table of rates."""

_ENROLLED, _STRANGERS, _SMALL_DRAWS = 20, 10, 2_000
"""People in galleries of the size of the set `identify`, and how many of these are drawn."""

_GALLERY_SIZES = (10, 100, 500)
_DRAWS = 20


def compared(pairs: Sequence[LfwPair], vectors: Vectors) -> Comparisons:
    """Returns the distances of the pairs."""
    both = [(vectors[pair.first], vectors[pair.second]) for pair in pairs]
    distances = [0.0 if a is None or b is None else float(np.linalg.norm(a - b)) for a, b in both]
    return Comparisons(
        np.array(distances),
        np.array([pair.same for pair in pairs]),
        np.array([pair.fold for pair in pairs]),
        np.array([a is None or b is None for a, b in both]),
    )


def lfw_vectors(pairs: Sequence[LfwPair], vectors: Vectors) -> tuple[Vector, list[str]]:
    """Returns the vectors [N, D] of the different pictures of the pairs, and the person on each."""
    files = dict.fromkeys(file for pair in pairs for file in (pair.first, pair.second))
    found = [(vector, lfw_person(file)) for file in files if (vector := vectors[file]) is not None]
    return np.array([vector for vector, _ in found]), [person for _, person in found]


def fold_lines(pairs: Comparisons) -> list[str]:
    """Returns the accuracy of LFW View 2 by fold."""
    accuracies, thresholds = fold_accuracies(pairs)
    lines = ["| fold | right | threshold, from the other folds |", "|---|---|---|"]
    rows = enumerate(zip(accuracies, thresholds, strict=True))
    lines += [f"| {fold} | {accuracy:.2%} | {threshold:.3f} |" for fold, (accuracy, threshold) in rows]
    summary = f"mean {np.mean(accuracies):.2%}, standard deviation {np.std(accuracies):.2%}"
    return [*lines, "", f"{summary}; {pairs.missed.sum()} of {len(pairs.same)} pairs with a missed face."]


def identify_lines(portraits: Sequence[PersonPicture], vectors: Vectors, threshold: float) -> list[str]:
    """Returns how often the nearest person is the right one, and how many strangers are named."""
    known, strangers = (_nearest(portraits, vectors, role) for role in ("probe_known", "probe_unknown"))
    right = [distance for portrait, name, distance in known if portrait.person == name]
    wrong = [f"{portrait.file} ({distance:.2f})" for portrait, name, distance in known if portrait.person != name]
    total = sum(portrait.role == "probe_known" for portrait in portraits)
    summary = (
        f"identify: nearest person right for {len(right)} of {total} ({', '.join(wrong)} wrong), of them at most "
        f"{threshold:.3f} away {sum(distance <= threshold for distance in right)}; strangers named "
        f"{sum(distance <= threshold for *_, distance in strangers)} of {len(strangers)}; faces missed "
        f"{sum(vectors[portrait.file] is None for portrait in portraits)} of {len(portraits)}."
    )
    return [summary]


def _nearest(portraits: Sequence[PersonPicture], vectors: Vectors, role: str) -> list[tuple[PersonPicture, str, float]]:
    """Returns the nearest person of the gallery, and the distance, for each portrait of a role that has a face."""
    gallery = [(p.person, vector) for p in portraits if p.role == "gallery" and (vector := vectors[p.file]) is not None]
    probes = [(p, vector) for p in portraits if p.role == role and (vector := vectors[p.file]) is not None]
    names, enrolled = zip(*gallery, strict=True)
    found = nearest_person(np.array(enrolled), names, np.array([vector for _, vector in probes]))
    return [(portrait, *nearest) for (portrait, _), nearest in zip(probes, found, strict=True)]


def rate_lines(impostors: Distances, pairs: Comparisons) -> list[str]:
    """Returns the share of different people taken for the same, and of same people taken for different."""
    genuine = np.sort(pairs.distances[pairs.same & ~pairs.missed])
    lines = [
        f"{len(impostors)} pairs of different people, {len(genuine)} of the same.",
        "",
        "| distance | false-match rate | false-non-match rate |",
        "|---|---|---|",
    ]
    thresholds = np.array(TABLE)
    rates = zip(TABLE, share_within(impostors, thresholds), 1 - share_within(genuine, thresholds), strict=True)
    return lines + [f"| {distance:.2f} | {match:.2e} | {non_match:.4f} |" for distance, match, non_match in rates]


def default_lines(impostors: Distances, pairs: Comparisons, version: int) -> list[str]:
    """Returns the default thresholds with the errors measured now, and how near the rates in the code are to them."""
    genuine = np.sort(pairs.distances[pairs.same & ~pairs.missed])
    lines = []
    for use, rate in (("Verify", VERIFY_FALSE_MATCH_RATE), ("Identify", IDENTIFY_FALSE_MATCH_RATES[version])):
        threshold = threshold_of(rate, version)
        match, within = (float(share_within(some, np.array([threshold]))[0]) for some in (impostors, genuine))
        lines.append(f"{use}: {threshold:.3f}, stated {rate:.1e}, false matches {match:.2e}, missed {1 - within:.2%}.")
    rates = [
        (share, false_match_rate(at, version))
        for at, share in zip(TABLE, share_within(impostors, np.array(TABLE)), strict=True)
    ]
    ratios = [share / rate for share, rate in rates if rate is not None]
    return [*lines, f"Rates measured now are {min(ratios):.2f} to {max(ratios):.2f} times those in the code."]


def identify_default(version: int) -> float:
    """Returns the default threshold of Identify, for an embedder whose rates were measured.

    Raises:
        SystemExit: They were not.
    """
    rate = IDENTIFY_FALSE_MATCH_RATES.get(version)
    threshold = None if rate is None else threshold_of(rate, version)
    if threshold is None:
        raise SystemExit(f"of embedder version {version} no rates are in the code: see the table of rates above")
    return threshold


def gallery_lines(vectors: Vector, people: Sequence[str], version: int) -> list[str]:
    """Returns how many strangers real galleries name at Identify's default, against what the formula expects."""
    threshold, rate = identify_default(version), IDENTIFY_FALSE_MATCH_RATES[version]
    rng = np.random.default_rng(0)
    first = {person: index for index, person in reversed(list(enumerate(people)))}
    rows = np.array(list(first.values()))  # one picture of each person
    title = (
        f"Strangers at most {threshold:.3f} from somebody enrolled; {_DRAWS} galleries of each size, drawn from "
        f"{len(rows)} people with one picture each; all others are the strangers."
    )
    lines = [title, "", "| enrolled | named | by the formula |", "|---|---|---|"]
    for size in (size for size in _GALLERY_SIZES if size < len(rows)):
        orders = [rng.permutation(rows) for _ in range(_DRAWS)]
        named = [_share_named(vectors[order[:size]], vectors[order[size:]], threshold) for order in orders]
        lines.append(f"| {size} | {np.mean(named):.2%} | {false_positive_rate(rate, size):.2%} |")
    return lines


def small_gallery_lines(vectors: Vector, people: Sequence[str], version: int) -> list[str]:
    """Returns how many strangers galleries of the size of `identify` name, at the default rate of each version."""
    rng = np.random.default_rng(0)
    names, numbers = np.unique(people, return_inverse=True)
    several = np.flatnonzero(np.bincount(numbers) > 1)
    if len(several) < _ENROLLED + _STRANGERS:
        return []
    of_person = [np.flatnonzero(numbers == number) for number in range(len(names))]
    nearest = []
    for _ in range(_SMALL_DRAWS):
        some = rng.permutation(several)[: _ENROLLED + _STRANGERS]
        drawn = [rng.permutation(of_person[number])[:2] for number in some]
        gallery, strangers = (np.concatenate(part) for part in (drawn[:_ENROLLED], drawn[_ENROLLED:]))
        nearest.append(np.linalg.norm(vectors[gallery, None] - vectors[strangers], axis=2).min(axis=0))
    title = (
        f"{_SMALL_DRAWS} galleries of {_ENROLLED} people with two pictures each, and as strangers two pictures of each "
        f"of {_STRANGERS} others."
    )
    lines = [title, "", "| rate | threshold | strangers named | galleries that name none |", "|---|---|---|---|"]
    for rate in sorted(set(IDENTIFY_FALSE_MATCH_RATES.values())):
        threshold = threshold_of(rate, version)
        named = np.array(nearest) <= threshold
        lines.append(f"| {rate:.2%} | {threshold:.3f} | {named.mean():.2%} | {1 - named.any(axis=1).mean():.1%} |")
    return lines


def _share_named(gallery: Vector, strangers: Vector, threshold: float) -> float:
    between = np.linalg.norm(gallery[:, None] - strangers[None], axis=2)  # [G, S]
    return float((between.min(axis=0) <= threshold).mean())
