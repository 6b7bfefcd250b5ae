"""A trained head on another model's embedding (YAMNet's 1,024 numbers): one hidden layer."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from instrunet.models.blocks import Standardise


@dataclass(frozen=True)
class EmbeddingHeadConfig:
    """Width of the embedding, of the hidden layer (0: a linear head), and the classes."""

    n_classes: int = 14
    n_embedding: int = 1024
    hidden: int = 0
    dropout: float = 0.2
    input_mean: float = 0.0
    input_std: float = 1.0


class EmbeddingHead(nn.Module):
    """(batch, 1, embedding, windows) -> (batch, classes); the windows are averaged first."""

    def __init__(self, config: EmbeddingHeadConfig) -> None:
        super().__init__()
        self.features = Standardise(config.input_mean, config.input_std)
        wide = config.hidden or config.n_embedding
        self.head = nn.Sequential(
            *((nn.Linear(config.n_embedding, wide), nn.ReLU()) if config.hidden else ()),
            nn.Dropout(config.dropout),
            nn.Linear(wide, config.n_classes),
        )

    def forward(self, embedding: Tensor) -> Tensor:
        """Embeddings of a clip's windows in, logits out."""
        return self.head(self.features(embedding).mean(dim=3).flatten(1))
