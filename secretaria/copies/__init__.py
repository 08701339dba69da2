"""Copies of an installation: taken, proved to restore, kept for a while, and put in the place of the database."""
