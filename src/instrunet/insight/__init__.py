"""Co-occurrence and genre analysis of a manifest."""
