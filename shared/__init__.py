"""The floors every service stands on; each imports only those below it."""
