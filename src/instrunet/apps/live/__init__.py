"""Listening while the music plays, in the terminal."""
