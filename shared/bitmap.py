"""Sets of numbers that are given one after the other, in little memory."""

from collections.abc import Iterable, Iterator, Set
from typing import Self

_BLOCK = 1024
"""Bits that are kept together: so few are copied for a new one, however many there are."""


class Bitmap(Set[int]):
    """An immutable set of numbers from 0 on, with a bit for each."""

    __slots__ = ("_blocks",)

    def __init__(self, numbers: Iterable[int] = ()) -> None:
        self._blocks: dict[int, int] = {}
        for number in numbers:
            self._take(number)

    def plus(self, number: int) -> Self:
        """This set with one more number in it."""
        grown = type(self)()
        grown._blocks = self._blocks.copy()
        grown._take(number)
        return grown

    def _take(self, number: int) -> None:
        block, bit = divmod(number, _BLOCK)
        self._blocks[block] = self._blocks.get(block, 0) | 1 << bit

    def __contains__(self, number: object) -> bool:
        if not isinstance(number, int):
            return False
        block, bit = divmod(number, _BLOCK)
        return bool(self._blocks.get(block, 0) >> bit & 1)

    def __iter__(self) -> Iterator[int]:
        for block, bits in sorted(self._blocks.items()):
            yield from (block * _BLOCK + bit for bit in range(_BLOCK) if bits >> bit & 1)

    def __len__(self) -> int:
        return sum(bits.bit_count() for bits in self._blocks.values())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({[*self]})"
