"""Scores, truth and mask in; numbers, tables, plots and a report out."""
