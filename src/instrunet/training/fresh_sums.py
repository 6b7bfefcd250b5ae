"""Sums of clips that are drawn anew for every batch, so that no two epochs hold the same mixtures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from instrunet.features import LogMelConfig
from instrunet.features.log_mel import standardised
from instrunet.training.augmentation import LabelledMel
from instrunet.training.clips import Clips
from instrunet.training.feature_store import FeatureStore, View
from instrunet.training.recipe import SamplingConfig
from instrunet.training.sampling import draw_weights
from instrunet.training.settings import RecipeError

Mel = NDArray[np.float32]
N_KNOTS = 7
MOST_ONTO_MIX = 2


@dataclass(frozen=True)
class FreshSums:
    """Adds one to ``most - 1`` other single-label clips to a share of a batch's single-label clips.

    Onto the share ``onto_mixes`` of its clips with several labels it lays one or two of them.

    The sum is one of mel power: what sounds that have nothing to do with each other make together on average. The
    store must hold the log-mel before any standardisation; ``front`` is what the network is to see. Every part, and
    every clip that stays as it is, may go through an equaliser of its own first (``eq_db``).
    """

    share: float
    onto_mixes: float
    most: int
    gain_db: float
    eq_db: float
    front: LogMelConfig
    single: NDArray[np.bool_]  # (clips,)
    cumulated: NDArray[np.float64]  # (clips,) of the partners' probabilities

    def batch(
        self, clips: Clips, store: FeatureStore, rows: NDArray[np.int64], rng: np.random.Generator
    ) -> LabelledMel:
        """The clips of a batch as the network sees them, some of them summed."""
        mel = self._equalised(np.asarray(store.features[rows], np.float32), rng)
        y, mask = clips.y[rows], clips.mask[rows].astype(np.float32)
        for place, row in enumerate(rows):
            share, most_others = (self.share, self.most - 1) if self.single[row] else (self.onto_mixes, MOST_ONTO_MIX)
            if share and rng.random() < share:
                n_others = int(rng.integers(1, most_others + 1))
                others = np.searchsorted(self.cumulated, rng.random(n_others), side="right")
                added = self._equalised(np.asarray(store.features[others], np.float32), rng)
                mel[place] = self._sum(mel[place], added, rng)
                parts = [int(row), *others.tolist()]
                seen = (clips.y[parts] * clips.mask[parts]).max(axis=0)
                y[place], mask[place] = seen, clips.mask[parts].all(axis=0) | (seen >= 0.5)
        if self.front.normalise == "standard":
            mel = np.stack([standardised(one) for one in mel])
        return LabelledMel(mel, y, mask)

    def _sum(self, mel: Mel, others: Mel, rng: np.random.Generator) -> Mel:
        """Log-mel of the powers' sum, every partner at a level of its own."""
        gains = (10 ** (rng.uniform(-self.gain_db, self.gain_db, len(others)) / 10)).astype(np.float32)
        power = self._power(mel) + np.tensordot(gains, self._power(others), axes=1)
        return (np.log(power + np.float32(self.front.floor)) + self.front.offset) / self.front.divisor

    def _equalised(self, mel: Mel, rng: np.random.Generator) -> Mel:
        """Each clip under a smooth curve through random gains at seven places of the mel axis."""
        if not self.eq_db:
            return mel
        knots = rng.normal(0, self.eq_db / 2, (len(mel), N_KNOTS)) * rng.random((len(mel), 1))
        bands = np.linspace(0, N_KNOTS - 1, mel.shape[1])
        curves = np.stack([np.interp(bands, np.arange(N_KNOTS), row) for row in knots])
        shift = curves * (np.log(10) / 10 / self.front.divisor)
        equalised: Mel = mel + shift[:, :, None].astype(np.float32)
        return equalised

    def _power(self, mel: Mel) -> Mel:
        power: Mel = np.exp(mel * self.front.divisor - self.front.offset) - np.float32(self.front.floor)
        return np.maximum(power, 0)


def fresh_sums(config: SamplingConfig, view: View, clips: Clips) -> FreshSums | None:
    """What a recipe's ``sampling.fresh_sums`` and ``fresh_onto_mixes`` ask for; None where both are 0.

    Raises:
        RecipeError: the front end is no logarithm of power, or no clip has exactly one label.
    """
    if config.fresh_sums <= 0 and config.fresh_onto_mixes <= 0:
        return None
    if view.front_end in ("yamnet", "mel-image") or view.mel.scale != "ln":
        raise RecipeError(
            f"sampling.fresh_sums and fresh_onto_mixes add up mel power, which {view.front_end} does not keep: "
            "use sampling.sums"
        )
    if config.fresh_sums > 0 and config.sums_most < 2:
        raise RecipeError("sampling.sums_most must be 2 or more for sampling.fresh_sums")
    single = ((clips.y * clips.mask) >= 0.5).sum(axis=1) == 1
    if not single.any():
        raise RecipeError(
            "sampling.fresh_sums and fresh_onto_mixes: no training clip has exactly one label; nothing can be added"
        )
    weights = np.cumsum(draw_weights(clips, config) * single)
    return FreshSums(
        share=config.fresh_sums,
        onto_mixes=config.fresh_onto_mixes,
        most=config.sums_most,
        gain_db=config.fresh_gain_db,
        eq_db=config.fresh_eq_db,
        front=view.mel,
        single=single,
        cumulated=weights / weights[-1],
    )
