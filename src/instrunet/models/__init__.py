"""One file an architecture: a config dataclass and the network beside it; adapters to outside models."""
