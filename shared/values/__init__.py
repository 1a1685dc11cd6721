"""The values everyone speaks in: money, days and months, identifiers; pure and without a clock."""
