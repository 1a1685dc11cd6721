"""The soak's oracle is seen to find what it is there for."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import Any

from tests.chaos.evidence import Event, Evidence
from tests.chaos.judging import Fault, by_fault, judge, judge_tape
from tests.chaos.tape import TapeRecord

CASE = "p1@99300019/ordinary"
COMPANY, ADDRESS = "99300019", "a@99300019.example"


def event(position: int, name: str, *, key: str = CASE, **content: object) -> Event:
    value = json.dumps(content).encode()
    said = f"{name} {key} {value.decode()}"
    event_id = f"id-{position}"
    return Event(event_id, "bonus", position, "bonus.events.v1", key.encode(), value, name, said)


def assessed(position: int, status: str) -> Event:
    return event(position, "BonusAssessed", milestone="M6", status=status)


def due(position: int) -> Event:
    name = "BonusInstalmentDue"
    return event(position, name, milestone="M6", amount_ore=2_000_000, employer=COMPANY)


def ordered(position: int, payout: str = "o1") -> Event:
    return event(position, "PayoutOrdered", milestone="M6", payout=payout, amount_ore=2_000_000)


def good() -> Evidence:
    welcome, notice = f"company_joined {COMPANY} {ADDRESS}", f"{CASE}/M6/2000000 {ADDRESS}"
    mails = (welcome, f"bonus_instalment_due {notice}")
    sent = [event(10 + n, "NotificationSent", key=f"n{n}") for n in range(len(mails))]
    return Evidence(
        facts=Counter(["p1 PlacementStarted {}"]),
        instalments={f"{CASE}/M6": "DUE"},
        due={f"{CASE}/M6": 2_000_000},
        balances={f"{CASE}/M6 bonus_expense": 2_000_000},
        events=[assessed(1, "AWAITING"), assessed(2, "DUE"), due(3), ordered(4), *sent],
        notices=Counter(f"{mail} sent" for mail in mails),
        contacts={COMPANY: [ADDRESS]},
        outcomes={"r1": "accepted"},
        figures={"companies": 1},
    )


def found_in(actual: Evidence) -> set[Fault]:
    return {fault for fault, count in by_fault(judge(actual, good())).items() if count}


def test_what_is_as_it_should_be_is_no_finding() -> None:
    assert judge(good(), good()) == []


def test_how_facts_fell_into_batches_may_differ() -> None:
    in_one = [assessed(2, "DUE"), due(3), *good().events[3:]]
    assert found_in(replace(good(), events=in_one)) == set()


def test_a_fact_lost_or_doubled_is_found() -> None:
    assert found_in(replace(good(), facts=Counter())) == {"lost"}
    assert found_in(replace(good(), facts=good().facts + good().facts)) == {"doubled"}


def test_an_instalment_in_another_state_is_found() -> None:
    assert found_in(replace(good(), instalments={f"{CASE}/M6": "REFUSED"})) == {"different"}
    assert found_in(replace(good(), instalments={})) == {"lost"}


def test_every_ore_is_counted() -> None:
    wrong = replace(good(), balances={f"{CASE}/M6 bonus_expense": 1_999_999})
    assert by_fault(judge(wrong, good()))["øre off"] == 1
    assert by_fault(judge(replace(good(), balances={}), good()))["øre off"] == 2_000_000


def test_the_same_told_twice_running_is_found() -> None:
    again = [*good().events, assessed(20, "DUE")]
    assert found_in(replace(good(), events=again)) == {"doubled"}


def test_a_verdict_or_an_order_told_twice_is_found() -> None:
    for again in (due(20), ordered(20)):
        assert found_in(replace(good(), events=[*good().events, again])) == {"doubled"}


def test_a_verdict_told_anew_after_another_is_no_finding() -> None:
    refused = event(21, "BonusRefused", milestone="M6", reason="HOURS")
    anew = [assessed(20, "REFUSED"), refused, assessed(22, "DUE"), due(23)]
    assert found_in(replace(good(), events=[*good().events, *anew])) == set()
    assert found_in(replace(good(), events=[*good().events, *anew[:2], anew[2]])) == {"lost"}


def test_a_due_instalment_that_nobody_was_told_of_is_found() -> None:
    notices = Counter([f"company_joined {COMPANY} {ADDRESS} sent"])
    for untold in ("BonusInstalmentDue", "PayoutOrdered"):
        events = [each for each in good().events if each.name != untold]
        mails = good().notices if untold == "PayoutOrdered" else notices
        assert found_in(replace(good(), events=events, notices=mails)) == {"lost"}


def accrued(position: int, sequence: int, amount_ore: int, sum_ore: int) -> Event:
    content: dict[str, Any] = {
        "sequence": sequence,
        "amount_ore": amount_ore,
        "accrued_ore": sum_ore,
    }
    return event(position, "BonusAccrued", instalment=f"{CASE}/M6", **content)


def test_accruals_may_take_another_way_to_the_same() -> None:
    there_and_back = [accrued(20, 1, 500, 500), accrued(21, 2, -500, 0)]
    assert found_in(replace(good(), events=[*good().events, *there_and_back])) == set()


def test_accruals_that_end_elsewhere_skip_one_or_do_not_add_up_are_found() -> None:
    for told, faults in (
        ([accrued(20, 1, 500, 500)], {"øre off"}),
        ([accrued(20, 2, 0, 0)], {"untrue"}),
        ([accrued(20, 1, 500, 500), accrued(21, 2, -400, 0)], {"untrue"}),
    ):
        assert found_in(replace(good(), events=[*good().events, *told])) == faults


def test_another_last_word_is_found() -> None:
    assert found_in(replace(good(), events=[*good().events, assessed(20, "LATE")])) == {"different"}


def test_a_mail_not_sent_sent_twice_or_for_nothing_is_found() -> None:
    bonus_mail = f"bonus_instalment_due {CASE}/M6/2000000 {ADDRESS}"
    unsent = good().notices - Counter([f"{bonus_mail} sent"])
    assert found_in(replace(good(), notices=unsent)) == {"lost"}
    twice = good().notices + Counter([f"{bonus_mail} sent"])
    assert "doubled" in found_in(replace(good(), notices=twice))
    assert found_in(replace(good(), unwritten=["a mail in no file"])) == {"lost"}


def test_a_dead_letter_another_outcome_and_another_figure_are_found() -> None:
    assert found_in(replace(good(), dead_letters=1)) == {"different"}
    assert found_in(replace(good(), outcomes={"r1": "refused"})) == {"different"}
    assert found_in(replace(good(), figures={"companies": 2})) == {"different"}


def tape(*events: Event) -> list[TapeRecord]:
    return [
        TapeRecord(each.topic, 0, offset, each.key, each.value, each.event_id)
        for offset, each in enumerate(events)
    ]


def found_on(*on_tape: Event) -> set[Fault]:
    told = [assessed(1, "AWAITING"), assessed(2, "DUE"), due(3)]
    return {fault for fault, n in by_fault(judge_tape(tape(*on_tape), told)).items() if n}


def test_a_tape_in_order_with_exact_repetitions_is_no_finding() -> None:
    first, second, third = assessed(1, "AWAITING"), assessed(2, "DUE"), due(3)
    assert found_on(first, second, first, second, third) == set()


def test_what_is_missing_early_unknown_or_changed_on_the_tape_is_found() -> None:
    first, second, third = assessed(1, "AWAITING"), assessed(2, "DUE"), due(3)
    assert found_on(first, second) == {"lost"}
    assert found_on(first, third, second) == {"out of order"}
    assert found_on(first, second, third, assessed(9, "DUE")) == {"untrue"}
    assert found_on(first, replace(second, value=b"{}"), third) == {"different"}


def test_a_key_in_two_partitions_is_found() -> None:
    told = [assessed(1, "AWAITING"), assessed(2, "DUE")]
    first, second = tape(*told)
    findings = judge_tape([first, replace(second, partition=1)], told)
    assert {each.fault for each in findings} == {"out of order"}
