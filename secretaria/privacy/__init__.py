"""What may be shown of a person, and to whom: everything that leaves for a log, a metric or a queue passes here."""

from __future__ import annotations

from secretaria.privacy.masking import mask_text
from secretaria.privacy.numbers import mask_number

__all__ = ["mask_number", "mask_text"]
