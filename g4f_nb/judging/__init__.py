"""What answers are worth: scores, verdicts of judges, rankings with intervals, tests, and how judges err."""
