"""The same log-mel spectrogram in torch, for training; the only file of this room that needs torch."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from instrunet.features.log_mel import LogMelConfig, filter_bank, mirrored
from instrunet.features.mel_filters import hann


class TorchLogMel(nn.Module):
    """Waveforms (..., n_samples) to log-mel spectrograms (..., n_mels, n_frames), each clip by itself.

    Equal to :func:`instrunet.features.log_mel` to 1e-3. It has no parameters; its constants follow ``.to(device)``
    and are not saved with the weights.

    >>> TorchLogMel()(torch.zeros(2, 32_000)).shape
    torch.Size([2, 128, 51])
    """

    window: Tensor
    filters: Tensor

    def __init__(self, config: LogMelConfig | None = None) -> None:
        super().__init__()
        self.config = config or LogMelConfig()
        self.dtype = torch.float32 if self.config.precision == "single" else torch.float64
        window = hann(self.config.win_length, periodic=self.config.periodic_window)
        self.register_buffer("window", torch.tensor(np.array(window), dtype=self.dtype), persistent=False)
        filters = np.array(filter_bank(self.config))
        self.register_buffer("filters", torch.tensor(filters, dtype=self.dtype), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Transform; autocast is switched off inside, because half precision cannot hold power spectra."""
        with torch.autocast(device_type=x.device.type, enabled=False):
            shape = x.shape[:-1]
            mel = self._mel_power(x.reshape(-1, x.shape[-1]).to(self.dtype))  # (clips, n_mels, n_frames)
            return self._compress(mel).to(torch.float32).reshape(*shape, *mel.shape[1:])

    def _mel_power(self, x: Tensor) -> Tensor:
        config = self.config
        if config.preemphasis and x.shape[-1] > 1:
            x = x[:, 1:] - config.preemphasis * x[:, :-1]
        n_frames = 1 + x.shape[-1] // config.hop_length
        spectrum = torch.stft(
            self._pad(x),
            config.n_fft,
            hop_length=config.hop_length,
            win_length=config.win_length,
            window=self.window,
            center=False,
            return_complex=True,
        )
        power = spectrum.real.square() + spectrum.imag.square()
        return self.filters @ power[:, :, :n_frames]

    def _pad(self, x: Tensor) -> Tensor:
        margin = self.config.n_fft // 2
        if self.config.padding == "zeros":
            return nn.functional.pad(x, (margin, margin))
        if x.shape[-1] > margin:
            return nn.functional.pad(x[:, None], (margin, margin), mode="reflect")[:, 0]
        return x[:, torch.as_tensor(mirrored(x.shape[-1], margin), device=x.device)]

    def _compress(self, mel: Tensor) -> Tensor:
        config = self.config
        out = torch.log(mel + config.floor) if config.scale == "ln" else self._decibels(mel)
        out = (out + config.offset) / config.divisor
        if config.normalise == "standard":
            mean = out.double().mean(dim=(1, 2), keepdim=True).to(out.dtype)
            deviation = (out - mean).square().mean(dim=(1, 2), keepdim=True).sqrt()
            out = (out - mean) / deviation.clamp(min=1e-3)
        return out

    def _decibels(self, mel: Tensor) -> Tensor:
        out = 10.0 * torch.log10(mel.clamp(min=self.config.floor))
        if self.config.reference == "max":
            out = out - out.amax(dim=(1, 2), keepdim=True)
        if self.config.top_db is not None:
            out = torch.maximum(out, out.amax(dim=(1, 2), keepdim=True) - self.config.top_db)
        return out
