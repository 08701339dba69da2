"""What must be said at Whaticket, and what became of each attempt."""
