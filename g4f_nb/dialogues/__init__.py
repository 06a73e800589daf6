"""One question that takes several rounds: tools called between them, an answer that must fit mended."""
