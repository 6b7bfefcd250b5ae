"""A trial: what a model said about clips whose truth is (partly) known, checked once so that no metric has to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from instrunet.errors import InstrunetError


class EvaluationError(InstrunetError):
    """Scores, truth and labels do not fit together."""


@dataclass(frozen=True)
class ClipFacts:
    """What is known of each clip beside its labels; every column may be left empty.

    ``groups`` (song, album, artist) is what the bootstrap draws; ``sources`` are mix, stem, raw, note or synthetic;
    ``starts_s`` and ``durations_s`` say which part of the file at ``paths`` the clip is.
    """

    ids: Sequence[str] = ()
    paths: Sequence[str] = ()
    groups: Sequence[str] = ()
    sources: Sequence[str] = ()
    starts_s: Sequence[float] = ()
    durations_s: Sequence[float] = ()

    def __post_init__(self) -> None:
        for field in fields(self):
            object.__setattr__(self, field.name, tuple(getattr(self, field.name)))

    def named(self, n_clips: int) -> ClipFacts:
        """The same facts with an id for every clip, checked to be as long as the scores.

        >>> ClipFacts(paths=("a.wav", "b.wav")).named(2).ids
        ('a.wav', 'b.wav')
        """
        for field in fields(self):
            column = getattr(self, field.name)
            if column and len(column) != n_clips:
                raise EvaluationError(f"{field.name} has {len(column)} entries for {n_clips} clips; give one a clip")
        ids = self.ids or self.paths or tuple(str(i) for i in range(n_clips))
        return replace(self, ids=ids)

    @property
    def units(self) -> tuple[str, ...]:
        """The group of each clip; a clip without a group is one of its own. Empty if no groups are known.

        >>> len(set(ClipFacts(groups=("song", "", "song", "")).units))
        3
        """
        if not any(self.groups):
            return ()
        return tuple(group or f"\0{i}" for i, group in enumerate(self.groups))

    def take(self, rows: NDArray[np.intp]) -> ClipFacts:
        """The facts of some of the clips."""
        picked: dict[str, Any] = {}
        for field in fields(self):
            column = getattr(self, field.name)
            picked[field.name] = tuple(column[i] for i in rows) if column else ()
        return ClipFacts(**picked)


@dataclass(frozen=True)
class Trial:
    """Scores (clips, classes), binary truth and mask of the same shape, the labels, and the facts of the clips.

    Make one with :func:`trial`, which checks everything.
    """

    scores: NDArray[np.float64]
    y: NDArray[np.bool_]
    mask: NDArray[np.bool_]
    labels: tuple[str, ...]
    facts: ClipFacts
    not_scored: tuple[str, ...] = ()

    @property
    def n_clips(self) -> int:
        """How many clips."""
        return int(self.scores.shape[0])

    @property
    def positives(self) -> NDArray[np.bool_]:
        """What is known to be there, (clips, classes)."""
        return self.y & self.mask

    @property
    def complete(self) -> NDArray[np.bool_]:
        """Clips for which every class that the set knows anything about is observed, (clips,)."""
        in_play = self.mask.any(axis=0)
        return np.asarray(self.mask[:, in_play].all(axis=1) & in_play.any())

    def take(self, rows: NDArray[Any]) -> Trial:
        """Some of the clips: indices or a boolean row selection."""
        index = np.flatnonzero(rows) if rows.dtype == bool else rows
        return replace(
            self, scores=self.scores[index], y=self.y[index], mask=self.mask[index], facts=self.facts.take(index)
        )


def trial(
    scores: ArrayLike,
    y: ArrayLike,
    mask: ArrayLike | None,
    labels: Sequence[str],
    *,
    facts: ClipFacts | None = None,
) -> Trial:
    """Check that scores, truth and mask fit together.

    A relevance in [0, 1] counts as present from 0.5 on. ``mask=None`` means that everything is known. A class whose
    scores are NaN in every clip cannot be said by the model (a projection gives that): it is taken out of the mask
    and named in ``not_scored``.

    >>> trial([[0.9, 0.2]], [[1, 0]], None, ["piano", "flute"]).complete
    array([ True])

    Raises:
        EvaluationError: the shapes differ, a score is not a probability, or there is nothing to evaluate.
    """
    values = np.asarray(scores, dtype=np.float64)
    truth = np.asarray(y, dtype=np.float64)
    known = np.ones(values.shape, bool) if mask is None else np.asarray(mask, dtype=np.float64) > 0
    names = tuple(str(label) for label in labels)
    _check_shapes(values, truth, known, names)
    silent = np.asarray(np.isnan(values).all(axis=0))
    known = known & ~silent
    values = np.where(silent, 0.0, values)
    _check_values(values, truth, known, names)
    return Trial(
        scores=values,
        y=(truth >= 0.5) & known,
        mask=known,
        labels=names,
        facts=(facts or ClipFacts()).named(len(values)),
        not_scored=tuple(name for name, off in zip(names, silent, strict=True) if off),
    )


def unmasked(y: ArrayLike, mask: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Truth and mask as a protocol that knows no mask takes them: what is unknown counts as absent.

    Wrong for partially labelled sets, and what some published figures were computed with; give the result to
    ``evaluate`` to stand beside the masked one.

    >>> y, mask = unmasked([[1, 1]], [[1, 0]])
    >>> y.tolist(), mask.tolist()
    ([[1.0, 0.0]], [[1.0, 1.0]])
    """
    known = np.asarray(mask, dtype=np.float64) > 0
    return np.where(known, np.asarray(y, dtype=np.float64), 0.0), np.ones(known.shape)


def _check_shapes(
    values: NDArray[np.float64], truth: NDArray[np.float64], known: NDArray[np.bool_], names: tuple[str, ...]
) -> None:
    if values.ndim != 2 or 0 in values.shape:
        raise EvaluationError(f"scores have the shape {values.shape}; expected (clips, classes), at least one of each")
    if truth.shape != values.shape or known.shape != values.shape:
        raise EvaluationError(
            f"scores {values.shape}, truth {truth.shape} and mask {known.shape} must have the same shape"
        )
    if len(names) != values.shape[1]:
        raise EvaluationError(f"{len(names)} labels for {values.shape[1]} columns of scores; give one a column")
    if len(set(names)) != len(names):
        raise EvaluationError("two columns have the same label; labels must differ")


def _check_values(
    values: NDArray[np.float64], truth: NDArray[np.float64], known: NDArray[np.bool_], names: tuple[str, ...]
) -> None:
    bad = ~((values >= 0) & (values <= 1))
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise EvaluationError(
            f"the score of clip {row} for {names[column]} is {values[row, column]:g}; "
            "scores must be probabilities in [0, 1] (apply the sigmoid to logits)"
        )
    if (known & ~((truth >= 0) & (truth <= 1))).any():
        raise EvaluationError("the truth must lie in [0, 1] wherever the mask is set")
    if not known.any():
        raise EvaluationError("every label is masked out; there is nothing to evaluate")
