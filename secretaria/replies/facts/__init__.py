"""What a text states: prices, times, days, phones and the other facts that need a receipt, each read by its own file."""
