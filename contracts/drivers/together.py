"""Several things at a time, of which none is left behind."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


async def all_of(*work: Awaitable[T]) -> list[T]:
    """What all of it gives, in order; when all of it is over, the first error is raised.

    Plain `gather` raises at once, and what it leaves running asks on when nobody judges it any more.
    """
    found = await asyncio.gather(*work, return_exceptions=True)
    for each in found:
        if isinstance(each, BaseException):
            raise each
    return [each for each in found if not isinstance(each, BaseException)]
