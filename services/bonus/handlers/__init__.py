"""What bonus does: hearing (facts, applications, a new day), assessing (what follows), reading."""
