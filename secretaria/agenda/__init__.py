"""The business's own agenda: what is open, what is booked, what was offered, who is reminded."""
