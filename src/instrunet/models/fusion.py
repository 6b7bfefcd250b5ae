"""Our network and YAMNet's embedding in one: a head on the embedding beside ours, and the mean of both logits."""

from __future__ import annotations

from torch import Tensor, nn

from instrunet.models.mobile import Mobile, TimedLogits


class ClipHead(nn.Module):
    """(batch, embedding) of a clip to logits (batch, classes); each number is standardised by its own statistics.

    Args:
        mean, deviation: of every number of the embedding.
        n_classes: how many logits.
        n_hidden: width of the one hidden layer.
        dropout: before the last layer; half of it before the first.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, mean: Tensor, deviation: Tensor, *, n_classes: int, n_hidden: int, dropout: float) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("deviation", deviation)
        self.layers = nn.Sequential(
            nn.Dropout(dropout / 2),
            nn.Linear(len(mean), n_hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(n_hidden, n_classes),
        )

    def forward(self, embedding: Tensor) -> Tensor:
        """Logits."""
        logits: Tensor = self.layers((embedding - self.mean) / self.deviation)
        return logits


class Fusion(nn.Module):
    """The weighted mean of our logits and the head's, on a log-mel with the embedding beside it.

    Args:
        ours: a trained network.
        head: a head on the embedding, for the same classes.
        share: weight of the head.
        n_extra: columns at the end of the input that hold the embedding.
    """

    def __init__(self, ours: Mobile, head: ClipHead, *, share: float, n_extra: int) -> None:
        super().__init__()
        self.net, self.head, self.share, self.n_extra = ours, head, share, n_extra

    def features(self, both: Tensor) -> Tensor:
        """Our features, (batch, features, frames)."""
        return self.net.features(both[..., : -self.n_extra])

    def said(self, both: Tensor) -> Tensor:
        """The head's logits, (batch, classes)."""
        packed = both[:, 0, :, -self.n_extra :].transpose(1, 2).flatten(1)
        logits: Tensor = self.head(packed[:, : len(self.head.mean)])
        return logits

    def forward(self, both: Tensor) -> TimedLogits:
        """(batch, 1, n_mels, n_frames + n_extra) to logits; the head says the same of every frame."""
        ours, theirs = self.net.judge(self.features(both)), self.said(both)
        return TimedLogits(
            (1 - self.share) * ours.clip + self.share * theirs,
            (1 - self.share) * ours.frames + self.share * theirs[..., None],
        )
