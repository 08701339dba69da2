"""What the business published for answers."""
