"""What the secretary may do beside talking: the calls a model asks for, and what they tell it."""
