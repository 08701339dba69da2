"""What may be shown of a person, and to whom: everything that leaves for a log, a metric or a queue passes here."""

from __future__ import annotations

from secretaria.privacy.fields import mask_field, mask_fields, mask_told
from secretaria.privacy.masking import mask_text
from secretaria.privacy.numbers import mask_number
from secretaria.privacy.pseudonyms import keep_key, keyed_hash, pseudonym, use_key
from secretaria.privacy.sealing import SealBroken, seal, unseal
from secretaria.privacy.tracebacks import describe_exception, tell_exception

__all__ = [
    "SealBroken",
    "describe_exception",
    "keep_key",
    "keyed_hash",
    "mask_field",
    "mask_fields",
    "mask_number",
    "mask_text",
    "mask_told",
    "pseudonym",
    "seal",
    "tell_exception",
    "unseal",
    "use_key",
]
