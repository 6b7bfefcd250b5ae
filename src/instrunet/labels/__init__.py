"""The words: instruments, families, each data set's vocabulary and how they map. Standard library only."""
