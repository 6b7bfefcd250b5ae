"""Recipe, loop, losses, augmentation, sampling, ensembles and evaluation of a tagger on a manifest."""
