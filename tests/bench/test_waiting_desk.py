"""The desk that claims are measured on."""

from bench.waiting_desk import waiting_desk


def test_a_desk_with_few_waiting_can_be_claimed_from_more_often_than_there_are_items() -> None:
    with waiting_desk(waiting=30, seed=0) as desk:
        assert desk.claim_one_by_one(60) > 0
