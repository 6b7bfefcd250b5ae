"""Which drums are struck at one moment: a small network over a log-mel patch around an onset."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

DRUM_HITS = ("kick", "snare", "tom", "hihat_closed", "hihat_open", "crash", "ride")


@dataclass(frozen=True)
class DrumHitsConfig:
    """Patch size (mel bands, frames), widths of the three convolutions, dropout, and the number of kinds of hit."""

    n_mels: int = 64
    n_frames: int = 24
    widths: tuple[int, int, int] = (16, 32, 48)
    dropout: float = 0.2
    n_classes: int = len(DRUM_HITS)


class DrumHits(nn.Module):
    """(batch, 1, 64 mels, 24 frames) -> (batch, 7) logits; frequency stays resolved up to the last layer."""

    def __init__(self, config: DrumHitsConfig) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 1
        for width in config.widths:
            layers += [nn.Conv2d(before, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
            layers += [nn.MaxPool2d(2)]
            before = width
        self.features = nn.Sequential(*layers)
        flat = before * (config.n_mels // 8) * (config.n_frames // 8)
        self.head = nn.Sequential(nn.Flatten(), nn.Dropout(config.dropout), nn.Linear(flat, 64), nn.ReLU())
        self.out = nn.Linear(64, config.n_classes)

    def forward(self, mel: Tensor) -> Tensor:
        """Log-mel patch in, logits out."""
        logits: Tensor = self.out(self.head(self.features(mel)))
        return logits
