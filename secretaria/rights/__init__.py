"""What the law gives a person: to see what is held about them, to have it erased, and that nothing is held for ever."""
