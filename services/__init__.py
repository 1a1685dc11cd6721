"""The services of Sammen; they know each other only through shared.contracts."""
