from __future__ import annotations

from shared.messaging import failpoints


async def test_a_point_does_what_was_installed_until_it_is_cleared() -> None:
    reached: list[str] = []

    async def note() -> None:
        reached.append("here")

    await failpoints.reached("relay.after_mark")
    failpoints.install("relay.after_mark", note)
    await failpoints.reached("relay.after_mark")
    await failpoints.reached("relay.after_select")
    failpoints.clear()
    await failpoints.reached("relay.after_mark")

    assert reached == ["here"]
