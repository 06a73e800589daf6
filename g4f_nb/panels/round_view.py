"""One round as views show it: whose answers they are, or letters; the vote, or what has come of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from g4f_nb.panels.compare_messages import BallotState, SideState, State
from g4f_nb.panels.round import Round
from g4f_nb.panels.rounds import ModelColumn, Rounds
from g4f_nb.panels.side import Side
from g4f_nb.panels.side_by_side import ballot_state, side_state

Score = Mapping[str, tuple[int, int, int]]


def round_state(rounds: Rounds, columns: Sequence[ModelColumn], sides: Sequence[Side]) -> State:
    """The prompt on the page, its columns, and the vote on it; before the first, the columns alone."""
    round_ = rounds.current
    state: State = {
        "question": None if round_ is None else round_.question,
        "columns": [{"id": column.id, "title": column.name} for column in columns],
        "sides": [], "ballot": None, "blind": False, "notes": [],
    }  # fmt: skip
    if round_ is None:
        return state
    state["blind"], state["ballot"] = round_.hides_names, ballot_view(round_)
    state["sides"] = sides_view(round_, sides, latest=round_ is rounds.latest)
    if round_.hides_names:
        state["columns"] = []
    else:
        state["notes"] = list(round_.fared.notes)
    return state


def sides_on_page(rounds: Rounds, columns: Sequence[ModelColumn]) -> list[Side]:
    """The answers to the prompt on the page; of the latest one without those of columns that are gone."""
    round_ = rounds.current
    if round_ is None:
        return []
    there = {column.id for column in columns}
    gone = [side for id_, side in round_.sides.items() if id_ not in there and round_ is rounds.latest]
    return [side for side in round_.shown if side not in gone]


def sides_view(round_: Round, sides: Iterable[Side], *, latest: bool) -> list[SideState]:
    """These sides without their texts; those of the latest round can be asked again and taken away."""
    score: Score = {}
    if round_.ballots is not None and not round_.hides_names:
        score = {name: (won, tied, lost) for name, won, tied, lost in round_.fared.score}
    return [side_view(round_, side, latest=latest, score=score) for side in sides]


def side_view(round_: Round, side: Side, *, latest: bool, score: Score) -> SideState:
    """One of them."""
    state = side_state(side, hidden=round_.hides_names, at=round_.shown.index(side))
    if round_.hides_names:
        return state
    state["column"] = next((id_ for id_, each in round_.sides.items() if each is side and latest), None)
    state["badge"] = _fared(score, _label(round_, side))
    asked = round_.asked_of(side)
    if latest and asked is not None and side.is_settled:
        state["key"] = asked.lacks_key_of(side)
    return state


def ballot_view(round_: Round) -> BallotState | None:
    """The two that are voted on; `None` where names are known."""
    if not round_.hides_names:
        return None
    if round_.ballots is None:
        # Before all of them have ended, the first two are watched.
        left, right = (*(side.id for side in round_.shown[:2]), None, None)[:2]
        return {
            "left": left,
            "right": right,
            "ready": False,
            "done": 0,
            "total": 0,
            "undo": False,
            "skip": False,
        }
    now = round_.ballots.current
    pair = (None, None) if now is None else (round_.side_of(now.left), round_.side_of(now.right))
    return ballot_state(round_.ballots, *pair)


def _label(round_: Round, side: Side) -> str:
    if round_.ballots is None:
        return ""
    cells = round_.ballots.frame["cell_id"].tolist()
    cell = round_.cell_of(side)
    return round_.ballots.label(cells.index(cell)) if cell in cells else ""


def _fared(score: Score, name: str) -> str:
    won, tied, lost = score.get(name, (0, 0, 0))
    if won + tied + lost == 1:
        return "better" if won else "worse" if lost else "a tie"
    return f"won {won}, tied {tied}, lost {lost}" if won + tied + lost else ""
