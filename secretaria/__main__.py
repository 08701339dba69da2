"""The console entry point: ``secretaria`` and ``python -m secretaria``."""

from __future__ import annotations

import sys

from secretaria.cli.failures import run


def main() -> None:
    """Run one command and end with its exit code."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
