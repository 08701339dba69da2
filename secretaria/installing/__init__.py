"""The first installation, with containers or without: steps that look first whether they are done."""
