"""The programs of the machine an installation lives on, Docker and git among them: what is asked of them, and what runs them."""
