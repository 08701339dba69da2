"""What people may do, from the least to the most; light, because the command line shows it in its help."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What an attendant may do; each may do all that the next one may."""

    OWNER = "owner"
    ATTENDANT = "attendant"
    VIEWER = "viewer"
