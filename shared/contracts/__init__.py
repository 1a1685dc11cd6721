"""Everything one service knows about another: the events, their envelope, topics and schemas.

Read in this order: `fields` (the words events are made of) and `base` (what an event is); one
module per publisher (`membership`, `placements`, `bonus`, `finance`, `notifications`), with the
fields of placement facts in `facts`; `reported` and `reports` (facts as told at the door);
`registry`; then `envelope` (events on the wire) and `topics` (where they travel). The gate that
guards what is published comes last: `samples`, `catalogue`, `schemas`, `asyncapi`,
`compatibility`, `gate`.
"""
