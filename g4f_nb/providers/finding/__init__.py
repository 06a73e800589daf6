"""Which providers there are: the package's, the user's, other packages', those on this machine."""
