"""The HTTP edge: webhook, health and metrics; it holds no rules."""
