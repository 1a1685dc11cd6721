"""Every statement of this service: persons, reports, and what it asks of the vault."""
