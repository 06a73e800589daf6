"""Tests of the providers; a package, for its modules are named like those beside it."""
