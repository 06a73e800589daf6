"""Providers behind a login, which is kept privately for each account and made once for all who need it."""
