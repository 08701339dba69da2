"""What customers send that is no text: audio becomes words, and what cannot be opened is never guessed."""
