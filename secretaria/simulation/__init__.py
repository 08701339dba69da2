"""Doubles of the outside world that speak real HTTP: Whaticket, a language model, a phone."""

from pathlib import Path

SAMPLE_BUSINESS = Path(__file__).parent / "clinica-sorriso"
