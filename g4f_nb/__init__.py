"""Talk to language models from a notebook."""
