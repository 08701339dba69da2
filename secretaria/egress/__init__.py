"""The one way out for calls that are neither Whaticket's API nor the model's: to hosts somebody named, nowhere else."""

from secretaria.egress.connection import Resolver, resolve_host
from secretaria.egress.fetching import Limits, fetch, origin_of
from secretaria.egress.refusals import AnswerRefused, DestinationRefused, DestinationUnavailable

__all__ = [
    "AnswerRefused",
    "DestinationRefused",
    "DestinationUnavailable",
    "Limits",
    "Resolver",
    "fetch",
    "origin_of",
    "resolve_host",
]
