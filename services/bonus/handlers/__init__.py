"""What bonus does.

Hearing (facts, applications, a new day) and settling (finance's answers) end in assessing (what
follows), which ends in paying; proving looks whether it all holds. Applying, reviewing and deciding
are what people ask for, by program or page; reading is what they are shown.
"""
