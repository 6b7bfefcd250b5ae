"""The arranger: unlimited pieces of music for any instruments, from a seed."""

from instrunet.synthesis.arranger.pieces import Part, Piece, compose

__all__ = ["Part", "Piece", "compose"]
