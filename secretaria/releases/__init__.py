"""Versions that reach production and the ways back from them: deploy, rollback, backup, restore."""
