"""Every SQL statement of bonus: facts (what was told), cases (what it comes to), ledger (øre)."""
