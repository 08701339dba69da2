"""People at work: what an attendant sees and does, from the panel and from the terminal alike."""
