"""Finished comparisons for the reader: `.llm` on tables, figures, differences, sheets, a report."""
