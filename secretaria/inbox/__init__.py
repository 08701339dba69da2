"""What arrived, kept as it came, and filed into conversations."""
