"""What the model sees for one turn."""
