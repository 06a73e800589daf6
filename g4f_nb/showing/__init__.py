"""A reply for the eye: Markdown to safe HTML, tables, and what can be taken out of it."""
