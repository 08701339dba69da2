"""Who did what, when, from where, and what it changed; rows are only ever added."""
