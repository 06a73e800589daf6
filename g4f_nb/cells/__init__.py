"""What a cell with `%%chat` is made of, below the magic itself."""
