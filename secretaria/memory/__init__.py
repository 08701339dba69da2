"""What is remembered of a customer beyond an episode: little, typed, proved by their own words, and never deleted by a model."""
