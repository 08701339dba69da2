"""The embedded engines and the small supervisor behind demo and up."""
