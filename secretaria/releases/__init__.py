"""Versions that reach production and the ways back from them: deploy, rollback, and what is noted of each."""
