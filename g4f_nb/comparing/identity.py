"""The keys of a grid's requests, and which requests share one service's limits; never by a key."""

from __future__ import annotations

from typing import Any

from g4f_nb.calls import Host
from g4f_nb.comparing.grid import Cell, Grid, Seat
from g4f_nb.kept.identity import common_part, digest
from g4f_nb.providers.sending.adapting import row_in_force


class Keys:
    """The keys of a grid's requests; what all cells of a seat have in common is looked up once."""

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self._of_seats: dict[int, dict[str, Any] | None] = {}

    def of(self, cell: Cell) -> str | None:
        """What tells the request of one cell from every other; `None` if that cannot be told."""
        if cell.seat not in self._of_seats:
            seat = self._grid.seats[cell.seat]
            assert seat.place is not None  # noqa: S101  # the cells of a seat without a place are never asked
            self._of_seats[cell.seat] = common_part(seat.place, seat.plan)
        common = self._of_seats[cell.seat]
        return None if common is None else digest(common, self._grid.messages(cell), cell.repeat)


def lane_key(seat: Seat) -> tuple[Any, ...]:
    """What shares one service's limits: provider, address, key, and the model where they are per model."""
    assert seat.place is not None  # noqa: S101  # as above
    where = seat.place[0]
    secret = where.address.secret if where.address is not None else None
    row = row_of(seat)
    per_model = where.model if row is not None and row.limits == "model" else ""
    return where.provider, where.host, secret.fingerprint() if secret is not None else "", per_model


def row_of(seat: Seat) -> Any:
    """The catalog's row of a seat's service, as it is in force; `None` where there is none."""
    address = seat.place[0].address if seat.place is not None else None
    provider = seat.place[0].provider if seat.place is not None else None
    if not isinstance(address, Host) or getattr(provider, "row", None) is None:
        return None
    return row_in_force(provider, address)
