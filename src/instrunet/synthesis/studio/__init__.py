"""The studio: equalisers, dynamics, drive, movement, surroundings, and the chains made of them."""

from instrunet.synthesis.studio.chain import MixBus, Release, StemStudio, place, summed

__all__ = ["MixBus", "Release", "StemStudio", "place", "summed"]
