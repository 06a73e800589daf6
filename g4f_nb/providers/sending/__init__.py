"""From parameters that are right to one request on the wire, tried again."""
