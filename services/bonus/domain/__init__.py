"""What each placement earns, when, and why: pure functions from facts to a frozen assessment.

Read in this order: facts (what is told), parsing (from JSON), history (which of it counts),
persons and sectors, placements, spells, hours, situations (one milestone of one spell and all that
bears on it), findings (what a test gives), start_tests, milestone_tests, reviews and papers (the
tests), candidates (their outcome), lines (over all spells of the person), checks (every test
written down, when somebody asks), claims, flags, contradictions, and engine, which puts them
together into an assessment. The law's parameters stand in rules.

What people read comes last: waiting (what is missing), words, phrases and speech (in two
languages), explanation, timeline (a case in time), lateness (which facts came late), and disclosure
(what of it all a case's employer is told). What people are asked: deciding (reviews, open and
decided) and next_steps (what a company does next).

Inside one assessment, situations, spells and placements are not frozen at run time: making them so
costs an eighth of the assessment. That nothing made is ever changed is seen to by a house rule.

What follows from an assessment: differences (against what is stored), postings (the ledger's
accounts and entries), accrual (what of an instalment ahead is posted), payouts (what is to be
ordered and claimed), settlements (finance's answers), repayments (claims, and decisions on them),
balances (what the ledger must hold then), and effects (what other facts or rules would change).
"""
