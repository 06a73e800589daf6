"""Published data and results of Bradley-Terry models, from the R package BradleyTerry2 (JSS 48(9), 2012).

The tables `baseball` and `chameleons`, and the estimates that its own reference output prints for them
(tests/baseball.Rout.save and tests/BTabilities.Rout.save of the package). Baseball: Agresti, Categorical Data
Analysis (2002), p. 438. Chameleons: Stuart-Fox et al., Animal Behaviour 71 (2006), table 3.
"""

from __future__ import annotations

import numpy as np

from g4f_nb.judging.strengths import Contests

# Home team, away team: games that the home team and that the away team won.
_BASEBALL = """
Milwaukee: Detroit 4 3, Toronto 4 2, New York 4 3, Boston 6 1, Cleveland 4 2, Baltimore 6 0
Detroit: Milwaukee 3 3, Toronto 4 2, New York 4 3, Boston 6 0, Cleveland 6 1, Baltimore 4 3
Toronto: Milwaukee 2 5, Detroit 4 3, New York 2 4, Boston 4 3, Cleveland 4 2, Baltimore 6 0
New York: Milwaukee 3 3, Detroit 5 1, Toronto 2 5, Boston 4 3, Cleveland 4 2, Baltimore 6 1
Boston: Milwaukee 5 1, Detroit 2 5, Toronto 3 3, New York 4 2, Cleveland 5 2, Baltimore 6 0
Cleveland: Milwaukee 2 5, Detroit 3 3, Toronto 3 4, New York 4 3, Boston 4 2, Baltimore 2 4
Baltimore: Milwaukee 2 5, Detroit 1 5, Toronto 1 6, New York 2 4, Boston 1 6, Cleveland 3 4
"""
# Strengths above Baltimore's, plain and beside the advantage of playing at home, which is the last.
PLAIN = {
    "Boston": 1.1077, "Cleveland": 0.6839, "Detroit": 1.4364, "Milwaukee": 1.5814, "New York": 1.2476,
    "Toronto": 1.2945,
}  # fmt: skip
AT_HOME = {
    "Boston": 1.1438, "Cleveland": 0.7047, "Detroit": 1.4754, "Milwaukee": 1.6196, "New York": 1.2813,
    "Toronto": 1.3271, "home": 0.3023,
}  # fmt: skip

# Of the winner and of the loser of each contest: who, and how many of his last two contests he had won.
_WINNERS = """
22 4 24 30 17 26 4 23 24 8 16 21 22 17 26 23 24 12 31 28 33 15 10 18 22 20 26 28 33 5 19 8 25 12 31 15 18 8 16
9 12 10 19 11 18 28 5 19 8 12 28 26 34 18 31 16 12 17 34 15 16 25 31 34 15 18 31 12 21 26 33 8 20 34 24 25 33
16 21 15 10 12 10 18 8 13 12 33 28 34 26 25 9 23 22 10 10 9 33 34 26 31 23 13 25 30
"""
_LOSERS = """
2 7 23 35 29 34 6 30 35 13 25 2 20 34 29 35 30 9 27 3 1 32 11 11 21 2 17 1 3 10 14 16 13 27 9 11 32 25 13 27
31 14 5 32 15 33 14 10 27 3 20 4 6 23 8 27 28 22 7 30 9 27 3 4 14 5 1 20 29 15 31 2 7 35 19 3 4 29 14 17
30 21 17 24 4 27 17 20 30 11 19 6 7 5 5 15 12 14 28 20 24 11 15 3 29 14
"""
_WON_BEFORE = """
0 0 0 0 0 0 1 0 1 0 0 0 1 1 1 1 2 0 0 0 0 0 0 0 2 0 2 1 1 0 0 1 0 1 1 1 1 2 1 0 2 1 1 0 2 2 1 2 2 2 2 2 0 2 1
1 2 1 1 1 2 1 1 2 1 2 2 2 1 2 1 1 0 2 2 1 1 2 1 1 1 2 1 2 1 0 2 2 1 2 2 2 1 1 1 2 2 1 2 2 2 1 1 1 2 0
"""
_LOST_BEFORE = """
0 0 0 0 0 0 0 1 0 0 0 0 0 0 0 0 1 0 0 0 0 0 0 0 1 0 2 0 0 1 0 1 0 0 0 0 0 1 0 0 2 0 1 0 2 2 0 1 0 0 1 2 0 2 2
0 2 2 0 0 1 0 0 1 0 1 0 1 0 2 2 0 0 0 2 0 0 0 0 1 0 2 1 2 0 0 0 1 0 1 1 0 0 1 0 1 2 0 1 1 1 1 1 0 0 0
"""
# Of each animal: how high its casque is for its size, and how much of its flank is pink.
_CASQUES = """
0.94 0.85 0.02 -1.76 0.02 -0.37 -0.87 -0.01 0.63 1.63 -0.58 1.46 -0.54 -0.11 0.11 -0.21 0.49 0.24 0.02 0.18
0.45 -0.59 0.25 0.24 0.18 0.39 -1.11 -0.4 -1.02 1.63 -0.47 -0.3 0.26 -1.88 -1.08
"""
_PINK = """
35.66853756 21.13429221 25.84193276 33.21091076 25.10409025 25.10409025 27.97210113 24.3500636 24.3500636
31.30644625 30.65729899 31.94805943 34.44990199 31.30644625 33.21091076 22.786498 31.30644625 33.21091076
27.27472868 27.97210113 37.46496893 31.94805943 27.97210113 22.786498 25.10409025 45 35.66853756 33.21091076
21.13429221 26.56505118 27.27472868 25.10409025 32.58270626 31.30644625 31.30644625
"""
CHAMELEONS = {"won before": 2.38130, "casque": 0.60931, "pink": 0.08928}


def baseball(*, at_home: bool = False) -> Contests:
    """The season, a contest a game."""
    games = []
    for line in _BASEBALL.strip().splitlines():
        home, _, rest = line.partition(": ")
        for part in rest.split(", "):
            away, won, lost = part.rsplit(" ", 2)
            games += [(home, away, 1.0)] * int(won) + [(home, away, 0.0)] * int(lost)
    names = ("Baltimore", *PLAIN)
    count = len(games)
    return Contests(
        names=names,
        first=np.array([names.index(home) for home, _, _ in games]),
        second=np.array([names.index(away) for _, away, _ in games]),
        result=np.array([result for _, _, result in games]),
        prompt=np.arange(count),
        besides={"home": np.ones(count)} if at_home else {},
    )


def chameleons() -> Contests:
    """The contests; nobody has a strength of his own, all of it is what is known of him."""
    winner, loser, won, lost = (
        np.array(text.split(), dtype=int) for text in (_WINNERS, _LOSERS, _WON_BEFORE, _LOST_BEFORE)
    )
    casque, pink = (np.array(text.split(), dtype=float) for text in (_CASQUES, _PINK))
    count = len(winner)
    none = np.zeros(count, dtype=int)
    return Contests(
        names=("nobody",), first=none, second=none, result=np.ones(count), prompt=np.arange(count),
        besides={
            "won before": (won - lost).astype(float),
            "casque": casque[winner - 1] - casque[loser - 1],
            "pink": pink[winner - 1] - pink[loser - 1],
        },
    )  # fmt: skip
