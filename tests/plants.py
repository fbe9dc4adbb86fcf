"""What somebody who can write into a listing can plant there, and what must come of it: no harm."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.planted_databases import DATABASE_PLANTS
from tests.sample_listing import SampleListing


@dataclass(frozen=True)
class Plant:
    """A kind of plant: its name, and what puts it into a listing."""

    name: str
    make: Callable[[SampleListing], object]


PLANTS = tuple(Plant(name, make) for name, make in DATABASE_PLANTS.items())
