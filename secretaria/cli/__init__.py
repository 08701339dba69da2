"""The command line: it parses, calls and prints; every rule lives in the rooms below."""
