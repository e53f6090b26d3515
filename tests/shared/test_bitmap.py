"""A bitmap is a set of numbers like any other, but for the memory that it takes."""

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from shared.bitmap import Bitmap

NUMBER = st.integers(-3000, 3000) | st.integers()


@given(st.frozensets(NUMBER), NUMBER)
def test_a_bitmap_holds_what_a_set_holds(numbers: frozenset[int], number: int) -> None:
    kept, larger = Bitmap(numbers), numbers | {number}
    grown = kept.plus(number)
    assert {*kept} == numbers
    assert grown == Bitmap(larger)
    assert (grown == kept) is (number in numbers)
    assert (len(kept), len(grown)) == (len(numbers), len(larger))
    assert [*grown] == sorted(larger)
    assert (number in kept, number in grown) == (number in numbers, True)
    assert repr(grown) == f"Bitmap({sorted(larger)})"


def test_a_number_takes_a_bit_and_not_much_more() -> None:
    tracemalloc.start()
    kept = Bitmap(range(10_000))
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(kept) == 10_000
    assert taken < 10_000 / 8 * 2
