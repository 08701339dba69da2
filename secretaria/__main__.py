"""The console entry point: ``secretaria`` and ``python -m secretaria``."""

from __future__ import annotations

import sys

from secretaria.cli import pulse


def main() -> None:
    """Run one command and end with its exit code; a container's engine is answered before the command line is loaded."""
    if pulse.is_asked(sys.argv[1:]):
        sys.exit(pulse.exit_code(sys.argv[-1]))
    from secretaria.cli.failures import run  # noqa: PLC0415  # not for what must be quick
    from secretaria.garbage import collect_seldom  # noqa: PLC0415  # the same

    collect_seldom()
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
