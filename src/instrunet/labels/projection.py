"""Projection: scores and truth of one vocabulary told in the words of another."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

from instrunet.errors import UsageError
from instrunet.labels.vocabularies import Vocabulary, vocabulary

Array = Any  # duck-typed: whatever the caller's arrays are (NumPy's), so that this room needs no dependency


@dataclass(frozen=True)
class Projection:
    """The way from one vocabulary to another.

    A source label *tells of* a target label if all that it means lies inside the target: OpenMIC's ``guitar`` tells
    of Slakh's ``Guitar`` but not of ``acoustic_guitar``. What nothing tells of is unknown, never absent.

    Attributes:
        source: The vocabulary projected from.
        target: The vocabulary projected to.
        known: For each target label, whether some source label tells of it.
        complete: For each target label, whether the source labels that tell of it cover all its members, so that a
            low score speaks for absence. Where ``known`` but not ``complete``, a score is a lower bound.
    """

    source: Vocabulary
    target: Vocabulary
    known: tuple[bool, ...]
    complete: tuple[bool, ...]
    _tellers: tuple[tuple[int, ...], ...] = field(repr=False)
    _deniers: tuple[tuple[tuple[int, ...], ...], ...] = field(repr=False)

    def scores(self, values: Array) -> Array:
        """Project scores of shape (..., source labels) to (..., target labels).

        Args:
            values: A floating-point array, or one of booleans or integers, which is converted.

        Returns:
            The maximum over the source labels that tell of each target label; NaN where there is none. A NaN among
            the source scores is passed over unless nothing else tells of the target.

        >>> import numpy as np
        >>> to = projection("openmic", "irmas10+others")
        >>> guitar = to.source.index("guitar")
        >>> scores = np.zeros(20); scores[guitar] = 0.7
        >>> float(to.scores(scores)[to.target.index("guitar")])
        0.7
        """
        if values.shape[-1:] != (len(self.source),):
            raise UsageError(
                f"scores of shape {values.shape} do not fit {self.source.name}: "
                f"the last axis must be {len(self.source)}"
            )
        if values.dtype.kind != "f":
            values = values.astype("float32")
        out = values[..., [0] * len(self.target)] * float("nan")
        for place, tellers in enumerate(self._tellers):
            for teller in tellers:
                _keep_greater(out[..., place], values[..., teller])
        return out

    def truth(self, y: Array, mask: Array) -> tuple[Array, Array]:
        """Project truth and mask of shape (..., source labels) to (..., target labels).

        A target is positive if an observed positive label tells of it; negative only if observed negatives cover
        every member it has; otherwise its mask is 0 (and y is 0 there). Relevances in [0, 1] count as positive
        from 0.5.

        >>> import numpy as np
        >>> to = projection("openmic", "instrunet")
        >>> y, mask = np.zeros(20), np.zeros(20)
        >>> for word, value in {"guitar": 0, "bass": 1, "cello": 1}.items():
        ...     y[to.source.index(word)], mask[to.source.index(word)] = value, 1
        >>> y2, mask2 = to.truth(y, mask)
        >>> [(w, int(y2[to.target.index(w)])) for w in to.target.labels if mask2[to.target.index(w)]]
        [('acoustic_guitar', 0), ('electric_guitar', 0), ('cello', 1)]
        """
        for name, values in (("y", y), ("mask", mask)):
            if values.shape != y.shape or values.shape[-1:] != (len(self.source),):
                raise UsageError(f"{name} of shape {values.shape} does not fit the vocabulary {self.source.name}")
        seen = mask > 0
        positive, negative = seen & (y >= 0.5), seen & (y < 0.5)
        none = positive[..., 0] & ~positive[..., 0]
        y_out = (y[..., [0] * len(self.target)] * 0).astype(y.dtype)
        mask_out = (mask[..., [0] * len(self.target)] * 0).astype(mask.dtype)
        for place, (tellers, deniers) in enumerate(zip(self._tellers, self._deniers, strict=True)):
            is_there = _any(positive, tellers, none)
            is_not = ~none if deniers else none
            for alternatives in deniers:  # one tuple of labels per member: any of them denies it
                is_not = is_not & _any(negative, alternatives, none)
            y_out[..., place] = is_there
            mask_out[..., place] = is_there | is_not
        return y_out, mask_out


def _any(values: Array, places: tuple[int, ...], none: Array) -> Array:
    found = none
    for place in places:
        found = found | values[..., place]
    return found


def _keep_greater(kept: Array, other: Array) -> None:
    """Raise ``kept`` to ``other`` in place where that is greater, or where only ``kept`` is NaN."""
    take = (other > kept) | ((kept != kept) & (other == other))
    kept[take] = other[take]


@cache
def projection(source: str, target: str) -> Projection:
    """The projection from the vocabulary ``source`` to ``target``.

    >>> to = projection("openmic", "instrunet")
    >>> [word for word, known in zip(to.target.labels, to.known) if known][:4]
    ['voice', 'piano', 'organ', 'accordion']

    Raises:
        UnknownLabelError: no such vocabulary.
    """
    a, b = vocabulary(source), vocabulary(target)
    tellers = tuple(_tellers(a, b, label) for label in b.labels)
    deniers = tuple(_deniers(a, b, label) for label in b.labels)
    return Projection(
        source=a,
        target=b,
        known=tuple(bool(t) for t in tellers),
        complete=tuple(bool(t) and bool(d) and all(d) for t, d in zip(tellers, deniers, strict=True)),
        _tellers=tellers,
        _deniers=deniers,
    )


def _tellers(source: Vocabulary, target: Vocabulary, label: str) -> tuple[int, ...]:
    if source.name == target.name:
        return (target.index(label),)
    wanted = set(target.members[label])
    return tuple(i for i, s in enumerate(source.labels) if source.core[s] and set(source.core[s]) <= wanted)


def _deniers(source: Vocabulary, target: Vocabulary, label: str) -> tuple[tuple[int, ...], ...]:
    """For each member of the target label, the source labels whose absence denies it."""
    if source.name == target.name:
        return ((target.index(label),),)
    wanted = target.members[label]
    return tuple(
        tuple(i for i, s in enumerate(source.labels) if member in _denied(source, s, set(wanted))) for member in wanted
    )


def _denied(source: Vocabulary, label: str, wanted: set[str]) -> tuple[str, ...]:
    """What is absent when a source label is: what it means; what is folded under it only for a target as broad."""
    return source.members[label] if set(source.core[label]) <= wanted else source.core[label]
