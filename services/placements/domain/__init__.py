"""The door's rules: who a number belongs to, what a report means, what becomes of it."""
