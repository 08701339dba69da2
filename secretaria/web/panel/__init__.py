"""The panel in the browser: pages that ask the domain and show what it says; they hold no rules."""
