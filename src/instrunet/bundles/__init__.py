"""A trained model on disk: weights, configs, labels, thresholds, card and hashes."""
