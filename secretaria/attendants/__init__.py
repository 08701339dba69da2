"""The people who attend: accounts, passwords, sessions."""
