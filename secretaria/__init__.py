"""Secretaria Virtual: an AI secretary for small businesses on WhatsApp, and the command that runs it."""

__version__ = "0.1.0"
