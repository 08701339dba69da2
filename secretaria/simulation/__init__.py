"""Doubles of the outside world that speak real HTTP: Whaticket, a language model, a phone."""
