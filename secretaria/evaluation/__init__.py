"""How good is she, and did it get worse? Labelled conversations, adversaries, simulated customers, and what was recorded."""
