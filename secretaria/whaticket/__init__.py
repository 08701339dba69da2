"""The outside service that carries messages: what it sends us, what we send it."""
