"""The outside service that writes drafts: port, client and what is known of its providers."""
