"""Nudges: the job names, the broker and the publisher."""
