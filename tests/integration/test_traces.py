"""Traces that are off cost nothing, and one that cannot be told is refused at the start."""

from __future__ import annotations

import subprocess
import sys

import pytest

from secretaria.errors import ConfigurationError
from secretaria.traces import configure_traces

LOADED = """
import sys
import secretaria.web.app, secretaria.workers.main
from secretaria.traces import configure_traces
configure_traces("", "serve")
ours = ("secretaria.spans", "opentelemetry.sdk.trace", "opentelemetry.exporter", "google.protobuf", "requests")
print(sorted(name for name in sys.modules if name.startswith(ours)))
"""


def test_nothing_is_imported_while_they_are_off() -> None:
    """Neither by the service nor by a worker, though the client of Redis looks for OpenTelemetry's counters by itself."""
    ran = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_without_the_extra_the_start_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asked for traces hears what is missing, and how to install it."""
    monkeypatch.setitem(sys.modules, "opentelemetry.context", None)
    monkeypatch.delitem(sys.modules, "secretaria.spans", raising=False)
    with pytest.raises(ConfigurationError) as refused:
        configure_traces("http://127.0.0.1:4318", "serve")
    assert refused.value.hint == "instale o extra: pip install 'secretaria[otel]'"
