"""What the owner's programs are told of a release."""

from __future__ import annotations

from secretaria.releases.ledger import Release


def told_to_hooks(release: Release) -> dict[str, str]:
    """Return what they find in their environment, without ``SECRETARIA_`` in front."""
    return {
        "RELEASE_VERSION": release.version,
        "RELEASE_PREVIOUS": release.before,
        "RELEASE_KIND": release.kind,
        "RELEASE_REVISION": release.revision,
        "RELEASE_IMAGE": release.image,
        "RELEASE_WHO": release.who,
        "RELEASE_ENVIRONMENT": release.environment,
        "RELEASE_OUTCOME": release.outcome,
        "RELEASE_REASON": release.reason,
        "RELEASE_SECONDS": str(release.seconds),
    }
