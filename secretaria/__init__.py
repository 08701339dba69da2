"""Secretaria Virtual: an AI secretary for small businesses on WhatsApp, and the command that runs it."""

import os

__version__ = "0.1.0"

__version__ = os.environ.get("SECRETARIA_VERSION") or __version__  # an image says which version it was released as
