"""Alerts of the monitoring as a WhatsApp message to the owner."""
