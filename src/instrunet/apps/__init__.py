"""Thin skins: the command line, the page, the service."""
