"""What each placement earns, when, and why: pure functions from facts to a frozen assessment.

Read in this order: facts (what is told), parsing (from JSON), history (which of it counts),
persons and sectors, placements, spells, hours, situations (one milestone of one spell and all that
bears on it), start_tests, milestone_tests and reviews (the tests), candidates (their outcome),
lines (over all spells of the person), claims, flags, and engine, which puts them together into
an assessment. The law's parameters stand in rules.
"""
