"""Every reason has one bit, one kind and one sentence."""

from __future__ import annotations

from telesurgery_nodes.core.kinematics.reasons import REASONS, Limit, bits, name_of, words


def test_every_reason_is_in_the_table_once_with_a_bit_of_its_own() -> None:
    singles = [limit for limit in Limit if limit]
    assert list(REASONS) == singles
    assert all(int(limit).bit_count() == 1 for limit in singles)
    assert len({reason.sentence for reason in REASONS.values()}) == len(REASONS)


def test_reserved_bits_stay_where_others_expect_them() -> None:
    assert [int(x) for x in (Limit.COLLISION, Limit.FORCE, Limit.SINGULARITY, Limit.JERK)] == [2048, 4096, 8192, 16384]


def test_words_and_bits() -> None:
    both = Limit.JERK | Limit.VELOCITY
    assert bits(both) == [Limit.VELOCITY, Limit.JERK] and not bits(0) and not bits(Limit.NONE)
    assert words(both) == "a joint is at its speed limit; a change of acceleration was spread over the rise time"
    assert words(0) == "nothing" and name_of(Limit.TIP_SPEED) == "tip_speed"


def test_reasons_join_as_flags_do() -> None:
    some = (0, 1, 2, Limit.NONE, Limit.JERK, Limit.WRIST, Limit.JERK | Limit.WRIST)
    for one in some:
        for other in some:
            both = Limit(one) | other
            assert type(both) is Limit and int(both) == int(one) | int(other) and both is Limit(int(one) | int(other))
            assert type(other | Limit(one)) is Limit and other | Limit(one) == both
