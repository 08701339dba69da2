"""The engine, transactions, leases and migrations."""
