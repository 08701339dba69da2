"""Contacts, conversations, messages and turns."""
