"""Services that are spoken to in a form of their own: translated on the way out, and read on the way in."""
