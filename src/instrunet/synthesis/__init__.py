"""Making audio whose truth is known."""
