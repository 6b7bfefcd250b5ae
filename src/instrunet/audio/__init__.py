"""Samples: decode, resample, mix down, trim, fit and cut into windows."""
