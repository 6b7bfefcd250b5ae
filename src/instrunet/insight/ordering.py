"""An order of rows and columns in which what is alike stands together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from instrunet.errors import MissingExtraError
from instrunet.insight.association import Association

Order = NDArray[np.int64]


def clustered(association: Association) -> Association:
    """Order rows and columns by hierarchical clustering of their association beyond chance.

    A square association keeps one order for both sides.
    """
    pmi = association.pmi
    rows = leaf_order(pmi)
    columns = rows if association.square else leaf_order(pmi.T)
    return association.ordered(rows, columns)


def leaf_order(profiles: NDArray[np.float64]) -> Order:
    """Order profiles so that neighbours correlate: average linkage, leaves turned to lie nearest to each other.

    >>> profiles = np.array([[1.0, 0, 0], [0, 0, 1], [0.9, 0.1, 0], [0, 0.1, 0.9]])
    >>> order = leaf_order(profiles).tolist()
    >>> abs(order.index(0) - order.index(2)), abs(order.index(1) - order.index(3))
    (1, 1)
    """
    if len(profiles) < 3:
        return np.arange(len(profiles))
    try:
        from scipy.cluster.hierarchy import leaves_list, linkage
        from scipy.spatial.distance import squareform
    except ImportError as error:
        raise MissingExtraError("data", "ordering a matrix by likeness") from error
    centred = profiles - profiles.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(centred, axis=1, keepdims=True)
    unit = np.divide(centred, norms, out=np.zeros_like(centred), where=norms > 0)
    distance = np.clip(1 - unit @ unit.T, 0, 2)
    np.fill_diagonal(distance, 0)
    tree = linkage(squareform((distance + distance.T) / 2, checks=False), "average", optimal_ordering=True)
    return np.asarray(leaves_list(tree), np.int64)
